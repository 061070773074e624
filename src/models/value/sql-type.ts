import { Buffer } from "node:buffer";
import { date, dateObject } from "./date.ts";
import { decimal, decimalBigint, decimalNumber } from "./decimal.ts";
import { double } from "./double.ts";
import { bigint, integer, safeBigint, smallint } from "./integer.ts";
import { order, type Kind } from "./kind.ts";
import { list } from "./list.ts";
import { text, uuid } from "./text.ts";
import { timestamp, timestampText } from "./timestamp.ts";

/** The JavaScript type of values, where there is a choice: Drizzle's modes. */
export type Form = "number" | "bigint" | "string" | "date";

const boolean: Kind = {
  one: "true or false",
  scalar: "Boolean",
  identifies: false,
  decode: (input) => (input === "true" || input === "false" ? input === "true" : undefined),
  plain: (value) => value,
  comparison: {
    accept: (input) => (typeof input === "boolean" ? input : undefined),
    compare: (left, right) => order(left === true, right === true),
    encode: String,
  },
};

/** `bytea`: a Uint8Array. */
const bytes: Kind = {
  one: "bytes in hexadecimal",
  scalar: "Bytes",
  identifies: false,
  decode: (input) =>
    /^\\x(?:[\da-f]{2})*$/i.test(input) ? new Uint8Array(Buffer.from(input.slice(2), "hex")) : undefined,
  plain: (value) => (value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value),
  comparison: undefined,
};

/** `json` and `jsonb`. */
const json: Kind = {
  one: "a document",
  scalar: "JSON",
  identifies: false,
  decode: parse,
  plain: (value) => value,
  comparison: undefined,
};

const kinds: ReadonlyMap<string, Kind> = new Map([
  ...of(integer, "integer", "int", "int4", "serial", "serial4"),
  ...of(smallint, "smallint", "int2", "smallserial", "serial2"),
  ...of(bigint, "bigint", "int8", "bigserial", "serial8"),
  ...of(decimal, "numeric", "decimal"),
  ...of(double, "real", "float4", "double precision", "float8"),
  ...of(boolean, "boolean", "bool"),
  ...of(text, "text", "varchar", "character varying", "char", "character", "bpchar", "citext", "name", "enum"),
  ...of(text, "time", "time without time zone", "time with time zone", "timetz", "interval"),
  ...of(text, "inet", "cidr", "macaddr", "macaddr8", "money", "xml"),
  ...of(uuid, "uuid"),
  ...of(date, "date"),
  ...of(timestamp, "timestamp", "timestamp without time zone", "timestamptz", "timestamp with time zone"),
  ...of(json, "json", "jsonb"),
  ...of(bytes, "bytea"),
]);

const other: ReadonlyMap<Kind, Partial<Record<Form, Kind>>> = new Map([
  [bigint, { number: safeBigint }],
  [decimal, { number: decimalNumber, bigint: decimalBigint }],
  [date, { date: dateObject }],
  [timestamp, { string: timestampText }],
]);

/** The supported types, for messages. */
export const knownTypes: string =
  "smallint, integer, bigint, numeric, real, double precision, boolean, text, varchar, char, enum, uuid, date, time, " +
  "timestamp, timestamptz, interval, inet, json, jsonb, bytea, and arrays of them such as text[]";

/**
 * The kind of a PostgreSQL type such as `numeric(10, 2)` or `text[]`; undefined for an unsupported type.
 *
 * @param form the values' JavaScript type. Default: a bigint for `bigint`, a Date for timestamps, text for `numeric`
 * and `date`.
 */
export function kindOf(type: string, form?: Form): Kind | undefined {
  const array = /^(?<item>.*)\[\d*\]$/.exec(type);
  if (array) {
    const item = kindOf(array.groups?.["item"] ?? "", form);
    return item && list(item);
  }
  const name = type.toLowerCase().replace(/\s*\([^)]*\)/, "");
  const kind = kinds.get(name.trim());
  return (kind && form && other.get(kind)?.[form]) ?? kind;
}

function of(kind: Kind, ...types: readonly string[]): readonly (readonly [string, Kind])[] {
  return types.map((type) => [type, kind] as const);
}

/** The scalars whose values the driver decodes; it passes all others on as text. */
const read: ReadonlySet<string> = new Set(["Int", "Float", "Boolean", "JSON", "Bytes"]);

/**
 * The kind of a Drizzle column of a custom type, whose `fromDriver` makes the value. How such values compare is
 * unknown, so `where` cannot compare them.
 */
export function custom(base: Kind, fromDriver: (value: unknown) => unknown): Kind {
  return {
    one: base.one,
    scalar: base.scalar,
    identifies: false,
    decode(input) {
      const value = base.decode(input);
      return value === undefined ? undefined : fromDriver(read.has(base.scalar) ? value : input);
    },
    plain: (value) => base.plain(value),
    comparison: undefined,
  };
}

function parse(input: string): unknown {
  try {
    return JSON.parse(input);
  } catch {
    return undefined;
  }
}
