import { textRows, type Queryable, type TextRow } from "../../postgres/database.ts";
import { readArray, readRecord, type Elements } from "./array-literal.ts";

/**
 * Converts printed values of a type (`t`, `{1,2}`, `2026-01-31 12:00:00+00`) into the form of `to_jsonb`, which
 * captured rows have.
 */
export interface ValueForm {
  /** Converts a column's value. */
  text(printed: string): string;
  /** Converts a value inside an array or a composite value, as JSON. */
  json(printed: string): string;
}

/** Types that are strings in JSON: text, dates, uuid, bytea, enums and all unknown types. */
export const plainForm: ValueForm = { text: (printed) => printed, json: (printed) => JSON.stringify(printed) };

export const booleanForm: ValueForm = { text: readBoolean, json: readBoolean };

function readBoolean(printed: string): string {
  return printed === "t" || printed === "true" ? "true" : "false";
}

/** Numbers. JSON has neither NaN nor infinities, so these are strings. */
export const numberForm: ValueForm = {
  text: withoutExponent,
  json: (printed) => (/^-?\d/.test(printed) ? withoutExponent(printed) : JSON.stringify(printed)),
};

/** Writes `1.5e-07` as 0.00000015: `to_jsonb` prints floating-point numbers as decimals, without an exponent. */
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

/** Timestamps with and without a time zone, printed with the settings `equalText`. */
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

/** Arrays of any number of dimensions, as nested arrays of JSON. */
export function arrayForm(element: ValueForm, delimiter: string): ValueForm {
  const write = (elements: Elements): string => `[${elements.map(writeElement).join(", ")}]`;
  const writeElement = (value: string | null | Elements): string => {
    if (value === null) return "null";
    return typeof value === "string" ? element.json(value) : write(value);
  };
  const json = (printed: string): string => write(readArray(printed, delimiter));
  return { text: json, json };
}

/** Composite values, as objects of JSON with their keys in the order of `jsonb`: by length, then by bytes. */
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

/** The built-in types that `to_jsonb` does not convert to a string, or that it prints differently. */
const builtIn: ReadonlyMap<number, ValueForm> = new Map([
  [16, booleanForm],
  [20, numberForm],
  [21, numberForm],
  [23, numberForm],
  [700, numberForm],
  [701, numberForm],
  [1700, numberForm],
  [1114, timestampForm],
  [1184, timestampForm],
  [114, jsonForm],
  [3802, jsonForm],
]);

/**
 * The requested types and, recursively, the types that they consist of: the base of a domain, the elements of an array,
 * the fields of a composite type. A type that was dropped is not found.
 */
const query = `
with recursive needed(oid) as (
  select unnest($1::text::oid[])
  union
  select part.oid from needed join pg_catalog.pg_type t on t.oid = needed.oid cross join lateral (
    select t.typbasetype where t.typtype = 'd'
    union all select t.typelem where t.typtype = 'b' and t.typcategory = 'A'
    union all select a.atttypid from pg_catalog.pg_attribute a
      where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
  ) part(oid)
)
select t.oid::text as oid,
  case when t.typtype = 'd' then t.typbasetype::text end as base,
  case when t.typtype = 'b' and t.typcategory = 'A' and t.typlen = -1 and t.typelem <> 0 then t.typelem::text end as element,
  (select e.typdelim::text from pg_catalog.pg_type e where e.oid = t.typelem) as delimiter,
  (select jsonb_agg(jsonb_build_array(a.attname, a.atttypid::text) order by a.attnum)::text
    from pg_catalog.pg_attribute a
    where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) as fields
from needed join pg_catalog.pg_type t on t.oid = needed.oid`;

/** The forms of types, by their oids. The catalog is queried for types that are not built in. */
export async function valueForms(client: Queryable, types: readonly number[]): Promise<readonly ValueForm[]> {
  const others = types.filter((type) => !builtIn.has(type));
  const rows = others.length > 0 ? await textRows(client, query, [`{${others.join(",")}}`]) : [];
  const byOid = new Map(rows.map((row) => [Number(row["oid"]), row]));
  return types.map((type) => formOf(type, byOid));
}

function formOf(type: number, rows: ReadonlyMap<number, TextRow>): ValueForm {
  const known = builtIn.get(type);
  const row = rows.get(type);
  if (known || !row) return known ?? plainForm;
  const { base, element, delimiter, fields } = row;
  if (base) return formOf(Number(base), rows);
  if (element) return arrayForm(formOf(Number(element), rows), delimiter ?? ",");
  if (!fields) return plainForm;
  return recordForm(readFields(fields).map(([name, field]) => [name, formOf(field, rows)]));
}

function readFields(text: string): readonly (readonly [name: string, type: number])[] {
  const fields: unknown = JSON.parse(text);
  if (!Array.isArray(fields)) return [];
  return fields.flatMap((field: unknown) =>
    Array.isArray(field) ? [[String(field[0]), Number(field[1])] as const] : [],
  );
}
