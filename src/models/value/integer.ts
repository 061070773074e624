import { order, type Kind } from "./kind.ts";

const digits = /^-?\d{1,400}$/;

/** `smallint`, `integer`, `smallserial` and `serial` as a number. */
export const integer: Kind = {
  one: "an integer",
  scalar: "Int",
  identifies: true,
  decode: safe,
  plain: (value) => value,
  comparison: {
    accept: (input) => safe(String(input)),
    compare: (left, right) => order(Number(left), Number(right)),
    encode: String,
  },
};

/** `bigint` as a bigint: the default, and Drizzle's mode `bigint`. */
export const bigint: Kind = {
  one: "an integer",
  scalar: "BigInt",
  identifies: true,
  decode: whole,
  plain: String,
  comparison: {
    accept: (input) => whole(String(input)),
    compare: (left, right) => order(bigintOf(left), bigintOf(right)),
    encode: String,
  },
};

/** `bigint` as a number, for Drizzle's mode `number`. */
export const safeBigint: Kind = { ...integer, one: "an integer of at most 53 bits", scalar: "BigInt", plain: String };

function safe(text: string): number | undefined {
  const number = digits.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(number) ? number : undefined;
}

function whole(text: string): bigint | undefined {
  return digits.test(text) ? BigInt(text) : undefined;
}

function bigintOf(value: unknown): bigint {
  return typeof value === "bigint" ? value : BigInt(String(value));
}
