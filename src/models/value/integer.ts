import { order, type Kind } from "./kind.ts";

const digits = /^-?\d{1,400}$/;

/** `integer` and `serial` as a number. */
export const integer: Kind = { ...numberWithin(32), one: "an integer" };

/** `smallint` and `smallserial` as a number. */
export const smallint: Kind = numberWithin(16);

/** `bigint` as a bigint: the default, and Drizzle's mode `bigint`. */
export const bigint: Kind = {
  one: "an integer of at most 64 bits",
  scalar: "BigInt",
  identifies: true,
  decode: whole,
  plain: String,
  comparison: {
    accept: (input) => within64(whole(String(input))),
    compare: (left, right) => order(bigintOf(left), bigintOf(right)),
    encode: String,
  },
};

/** `bigint` as a number, for Drizzle's mode `number`. */
export const safeBigint: Kind = {
  // 53 bits and the sign: what a number holds exactly.
  ...numberWithin(54),
  one: "an integer of at most 53 bits",
  scalar: "BigInt",
  plain: String,
};

/** @param bits of the column's type: a value out of its range can be no row's, and the database refuses to look for it. */
function numberWithin(bits: number): Kind {
  const bound = 2 ** (bits - 1);
  const accept = (input: unknown): number | undefined => {
    const number = safe(String(input));
    return number !== undefined && number >= -bound && number < bound ? number : undefined;
  };
  return {
    one: `an integer of at most ${bits} bits`,
    scalar: "Int",
    identifies: true,
    decode: safe,
    plain: (value) => value,
    comparison: { accept, compare: (left, right) => order(Number(left), Number(right)), encode: String },
  };
}

function within64(value: bigint | undefined): bigint | undefined {
  return value !== undefined && BigInt.asIntN(64, value) === value ? value : undefined;
}

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
