import { order, type Comparison, type Kind } from "./kind.ts";

export const textComparison: Comparison = {
  // No text of PostgreSQL has the character U+0000.
  accept: (input) => (typeof input === "string" && !input.includes("\u0000") ? input : undefined),
  compare: (left, right) => order(String(left), String(right)),
  encode: String,
};

/** Values that are sent as PostgreSQL writes them: strings of all types, enums, times, intervals, addresses. */
export const text: Kind = {
  one: "a text",
  scalar: "String",
  identifies: true,
  decode: (value) => value,
  plain: (value) => value,
  comparison: textComparison,
};

const pattern = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

/** `uuid` as text in lower case, as PostgreSQL writes it. */
export const uuid: Kind = {
  ...text,
  one: "a UUID",
  decode: (value) => canonical(value),
  comparison: { ...textComparison, accept: (input) => (typeof input === "string" ? canonical(input) : undefined) },
};

function canonical(value: string): string | undefined {
  return pattern.test(value) ? value.toLowerCase() : undefined;
}
