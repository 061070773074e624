import { readArray, readRecord, type Elements } from "./array-literal.ts";

/**
 * How values of a type are written: PostgreSQL prints them in its own way (`t`, `{1,2}`, `2026-01-31 12:00:00+00`), a
 * captured row has them as `to_jsonb` would.
 */
export interface ValueForm {
  /** A column's own value. */
  text(printed: string): string;
  /** The same as JSON, inside an array or a composite value. */
  json(printed: string): string;
}

/** Types that are strings in JSON: text, dates, uuid, bytea, enums and whatever is not known. */
export const plainForm: ValueForm = { text: (printed) => printed, json: (printed) => JSON.stringify(printed) };

export const booleanForm: ValueForm = { text: readBoolean, json: readBoolean };

function readBoolean(printed: string): string {
  return printed === "t" || printed === "true" ? "true" : "false";
}

/** JSON has no number that is infinite or none, so these are strings. */
export const numberForm: ValueForm = {
  text: withoutExponent,
  json: (printed) => (/^-?\d/.test(printed) ? withoutExponent(printed) : JSON.stringify(printed)),
};

/** `1.5e-07` is 0.00000015: `to_jsonb` turns floating point numbers into decimals, which have no exponent. */
function withoutExponent(printed: string): string {
  const [, sign = "", whole = "", fraction = "", exponent] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(printed) ?? [];
  if (printed === "-0") return "0";
  if (exponent === undefined) return printed;
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  if (point >= digits.length) return sign + digits.padEnd(point, "0");
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** Timestamps with and without a zone, printed by a session in UTC with DateStyle ISO. */
export const timestampForm: ValueForm = {
  text: isoTimestamp,
  json: (printed) => JSON.stringify(isoTimestamp(printed)),
};

function isoTimestamp(printed: string): string {
  return printed.replace(/^(\d+-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)(\+00)?/, (_, date: string, time: string, zone) =>
    zone === undefined ? `${date}T${time}` : `${date}T${time}+00:00`,
  );
}

export const jsonForm: ValueForm = { text: (printed) => printed, json: (printed) => printed };

/** An array of any number of dimensions, as nested arrays of JSON. */
export function arrayForm(element: ValueForm, delimiter: string): ValueForm {
  const write = (elements: Elements): string => `[${elements.map(writeElement).join(", ")}]`;
  const writeElement = (value: string | null | Elements): string => {
    if (value === null) return "null";
    return typeof value === "string" ? element.json(value) : write(value);
  };
  const json = (printed: string): string => write(readArray(printed, delimiter));
  return { text: json, json };
}

/** A composite value, as an object of JSON with its keys in the order of `jsonb`: shorter ones first. */
export function recordForm(fields: readonly (readonly [name: string, form: ValueForm])[]): ValueForm {
  const order = fields
    .map(([name, form], index) => ({ name, form, index, bytes: Buffer.from(name) }))
    .toSorted((a, b) => a.bytes.length - b.bytes.length || Buffer.compare(a.bytes, b.bytes));
  const json = (printed: string): string => {
    const values = readRecord(printed);
    const entries = order.map(({ name, form, index }) => {
      const value = values[index] ?? null;
      return `${JSON.stringify(name)}: ${value === null ? "null" : form.json(value)}`;
    });
    return `{${entries.join(", ")}}`;
  };
  return { text: json, json };
}
