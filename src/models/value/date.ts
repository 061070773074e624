import { order, type Comparison, type Kind } from "./kind.ts";

const pattern = /^\d{4,}-\d\d-\d\d(?: BC)?$|^-?infinity$/;

/** `date` as text, `2026-01-31`. */
export const date: Kind = {
  one: "a date",
  scalar: "Date",
  identifies: true,
  decode: (text) => (pattern.test(text) ? text : undefined),
  plain: (value) => value,
  comparison: comparisonBy(textOf),
};

/** `date` as a Date at midnight UTC, for Drizzle's mode `date`. */
export const dateObject: Kind = {
  ...date,
  decode: midnight,
  plain: textOf,
  comparison: comparisonBy(midnight),
};

function comparisonBy(accept: (input: unknown) => unknown): Comparison {
  return {
    accept,
    compare: (left, right) => order(textOf(left) ?? "", textOf(right) ?? ""),
    encode: (value) => textOf(value) ?? "",
  };
}

function textOf(value: unknown): string | undefined {
  if (value instanceof Date) return value.toISOString().slice(0, 10);
  return typeof value === "string" && pattern.test(value) ? value : undefined;
}

function midnight(value: unknown): Date | undefined {
  const moment = new Date(`${textOf(value)}T00:00:00Z`);
  return Number.isNaN(moment.getTime()) ? undefined : moment;
}
