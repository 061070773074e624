import type { Kind } from "./kind.ts";
import { boolean } from "./kinds/boolean.ts";
import { bytes } from "./kinds/bytes.ts";
import { date, dateObject } from "./kinds/date.ts";
import { decimal, decimalBigint, decimalNumber } from "./kinds/decimal.ts";
import { double } from "./kinds/double.ts";
import { bigint, integer, safeBigint } from "./kinds/integer.ts";
import { json } from "./kinds/json.ts";
import { list } from "./kinds/list.ts";
import { text, uuid } from "./kinds/text.ts";
import { timestamp, timestampText } from "./kinds/timestamp.ts";

/** What JavaScript type the values have, where there is a choice. */
export type Form = "number" | "bigint" | "string" | "date";

const kinds: ReadonlyMap<string, Kind> = new Map([
  ...of(integer, "smallint", "int2", "integer", "int", "int4", "smallserial", "serial"),
  ...of(bigint, "bigint", "int8", "bigserial"),
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

/** For messages. */
export const knownTypes: string =
  "smallint, integer, bigint, numeric, real, double precision, boolean, text, varchar, char, enum, uuid, date, time, " +
  "timestamp, timestamptz, interval, inet, json, jsonb, bytea, and arrays of them such as text[]";

/**
 * The kind of a PostgreSQL type such as `numeric(10, 2)` or `text[]`; undefined for one that is not known.
 *
 * @param form by default a bigint for `bigint`, a Date for timestamps, and text for `numeric` and `date`.
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
