import { Buffer } from "node:buffer";
import {
  GraphQLBoolean,
  GraphQLError,
  GraphQLFloat,
  GraphQLID,
  GraphQLInt,
  GraphQLScalarType,
  GraphQLString,
  Kind,
  valueFromASTUntyped,
} from "graphql";
import { dateObject } from "./date.ts";
import { decimal } from "./decimal.ts";
import { bigint } from "./integer.ts";
import type { OwnScalarName, ScalarName } from "./kind.ts";
import { isoMoment, timestamp, timestampText } from "./timestamp.ts";

/** The GraphQL scalars by name. */
export type Scalars = Readonly<Record<ScalarName, GraphQLScalarType>>;

/** An integer of any length, sent as text: many JSON parsers round numbers to double precision. */
const bigInt: GraphQLScalarType<unknown, string> = new GraphQLScalarType<unknown, string>({
  name: "BigInt",
  description: "An integer of any length, as text. May be given as a number, too.",
  serialize: (value) => String(integerOf(typeof value === "number" ? String(value) : value)),
  parseValue: (input) => integerOf(Number.isSafeInteger(input) ? String(input) : input),
  parseLiteral: (node) => integerOf(node.kind === Kind.STRING || node.kind === Kind.INT ? node.value : undefined),
});

function integerOf(value: unknown): bigint {
  const integer = typeof value === "string" ? bigint.decode(value) : value;
  if (typeof integer === "bigint") return integer;
  throw new GraphQLError(`${JSON.stringify(value)} is no BigInt; it must be an integer, as text`);
}

const base64 = /^(?:[\w+/-]{4})*(?:[\w+/-]{2}(?:==)?|[\w+/-]{3}=?)?$/;

/** Bytes, as base64. */
const base64Bytes: GraphQLScalarType<unknown, string> = new GraphQLScalarType<unknown, string>({
  name: "Bytes",
  description: "Bytes in base64.",
  serialize(value) {
    if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
    throw new GraphQLError("Bytes must be a Uint8Array");
  },
  parseValue: bytesOf,
  parseLiteral: (node) => bytesOf(node.kind === Kind.STRING ? node.value : undefined),
});

function bytesOf(input: unknown): Uint8Array {
  if (typeof input === "string" && base64.test(input)) return new Uint8Array(Buffer.from(input, "base64"));
  throw new GraphQLError(`${JSON.stringify(input)} is no Bytes; it must be a text in base64`);
}

/** A point in time in ISO 8601: a Date, or text, which keeps all its digits. */
const dateTime: GraphQLScalarType<unknown, string> = new GraphQLScalarType<unknown, string>({
  name: "DateTime",
  description: "A moment in ISO 8601, such as 2026-11-20T12:00:00.000Z.",
  serialize(value) {
    if (value instanceof Date) return value.toISOString();
    if (typeof value !== "string" || timestampText.decode(value) === undefined) throw noDateTime(value);
    return isoMoment(value);
  },
  parseValue: moment,
  parseLiteral: (node) => moment(node.kind === Kind.STRING ? node.value : undefined),
});

function moment(input: unknown): unknown {
  const parsed = typeof input === "string" ? timestamp.decode(input) : undefined;
  if (parsed === undefined) throw noDateTime(input);
  return parsed;
}

function noDateTime(value: unknown): GraphQLError {
  return new GraphQLError(`${JSON.stringify(value)} is no DateTime; it must be like "2026-11-20T12:00:00.000Z"`);
}

/** A calendar day: a Date at midnight UTC, or text. */
const day: GraphQLScalarType<unknown, string> = new GraphQLScalarType<unknown, string>({
  name: "Date",
  description: "A day in ISO 8601, such as 2026-11-20.",
  serialize(value) {
    const text = dateObject.plain(value);
    if (typeof text !== "string") throw noDate(value);
    return text;
  },
  parseValue: dayOf,
  parseLiteral: (node) => dayOf(node.kind === Kind.STRING ? node.value : undefined),
});

function dayOf(input: unknown): string {
  if (typeof input !== "string" || dateObject.decode(input) === undefined) throw noDate(input);
  return input;
}

function noDate(value: unknown): GraphQLError {
  return new GraphQLError(`${JSON.stringify(value)} is no Date; it must be like "2026-11-20"`);
}

/** A decimal number as text, which keeps all its digits. */
const decimalText: GraphQLScalarType<unknown, string> = new GraphQLScalarType<unknown, string>({
  name: "Decimal",
  description: "A decimal number with all its digits, as a text like 12.50. May be given as a number, too.",
  serialize: decimalOf,
  parseValue: decimalOf,
  parseLiteral: (node) =>
    decimalOf(node.kind === Kind.STRING || node.kind === Kind.INT || node.kind === Kind.FLOAT ? node.value : undefined),
});

function decimalOf(value: unknown): string {
  const isNumber = typeof value === "number" || typeof value === "bigint";
  const text = isNumber || typeof value === "string" ? decimal.decode(String(value)) : undefined;
  if (typeof text === "string") return text;
  throw new GraphQLError(`${isNumber ? value : JSON.stringify(value)} is no Decimal; it must be like "12.50"`);
}

/** Any JSON value. */
const jsonValue: GraphQLScalarType<unknown, unknown> = new GraphQLScalarType<unknown, unknown>({
  name: "JSON",
  description: "Any JSON value.",
  serialize: (value) => value,
  parseValue: (input) => input,
  parseLiteral: (node, variables) => valueFromASTUntyped(node, variables),
});

const defaults: Scalars = {
  ID: GraphQLID,
  Int: GraphQLInt,
  Float: GraphQLFloat,
  String: GraphQLString,
  Boolean: GraphQLBoolean,
  DateTime: dateTime,
  Date: day,
  BigInt: bigInt,
  Decimal: decimalText,
  JSON: jsonValue,
  Bytes: base64Bytes,
};

/** The scalars of a model: Fanfare's own, replaced by those that the application gives. */
export function scalarsWith(given: Readonly<Partial<Record<OwnScalarName, GraphQLScalarType>>> = {}): Scalars {
  return { ...defaults, ...given };
}
