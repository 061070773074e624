import { dateAt, daysUntil, midnightOf } from "./calendar.ts";
import { order, type Comparison, type Kind } from "./kind.ts";

/** `date` as text, `2026-01-31`. */
export const date: Kind = {
  one: "a date",
  scalar: "Date",
  identifies: true,
  decode: textOf,
  plain: (value) => value,
  comparison: comparisonBy(textOf),
};

/** `date` as a Date at midnight UTC, for Drizzle's mode `date`. A day that no Date can hold, or `infinity`, is text. */
export const dateObject: Kind = {
  ...date,
  decode: midnight,
  plain: textOf,
  comparison: comparisonBy(midnight),
};

function comparisonBy(accept: (input: unknown) => unknown): Comparison {
  return {
    accept,
    compare: (left, right) => order(daysOf(left), daysOf(right)),
    encode: (value) => textOf(value) ?? "",
  };
}

/** The text as PostgreSQL writes it; undefined for what is no day. */
function textOf(value: unknown): string | undefined {
  if (value instanceof Date) return postgresDay(value);
  return typeof value === "string" && daysUntil(value) !== undefined ? value : undefined;
}

/** ISO 8601 has years of six digits and a sign where PostgreSQL has more or fewer, and BC. */
function postgresDay(value: Date): string | undefined {
  if (Number.isNaN(value.getTime())) return undefined;
  const year = value.getUTCFullYear();
  const [, rest = ""] = /\d(-\d\d-\d\d)T/.exec(value.toISOString()) ?? [];
  const written = `${String(year > 0 ? year : 1 - year).padStart(4, "0")}${rest}`;
  return year > 0 ? written : `${written} BC`;
}

function midnight(value: unknown): unknown {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value;
  const days = typeof value === "string" ? daysUntil(value) : undefined;
  return days === undefined ? undefined : (dateAt(midnightOf(days)) ?? value);
}

function daysOf(value: unknown): number {
  return daysUntil(textOf(value) ?? "") ?? NaN;
}
