import { order, type Comparison, type Kind } from "./kind.ts";

const pattern = /^\d{4,}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?<zone>Z|[+-]\d\d(?::?\d\d)?)?$/;

/** `timestamp` and `timestamptz` as a Date; a `timestamp` is read as UTC. */
export const timestamp: Kind = {
  one: "a moment that a Date can hold",
  scalar: "DateTime",
  identifies: false,
  decode: momentOf,
  plain: (value) => (value instanceof Date ? value.toISOString() : value),
  comparison: comparisonBy(momentOf),
};

/** `timestamp` and `timestamptz` as text in ISO 8601, for Drizzle's mode `string`, with PostgreSQL's microseconds. */
export const timestampText: Kind = {
  ...timestamp,
  one: "a moment",
  decode: (text) => (instantOf(text) === undefined ? undefined : text),
  comparison: comparisonBy((input) => momentOf(input)?.toISOString()),
};

/** Compares points in time with a precision of milliseconds. */
function comparisonBy(accept: (input: unknown) => unknown): Comparison {
  return {
    accept,
    compare: (left, right) => order(instantOf(left) ?? NaN, instantOf(right) ?? NaN),
    encode: undefined,
  };
}

function momentOf(value: unknown): Date | undefined {
  const instant = instantOf(value);
  return instant !== undefined && Number.isFinite(instant) ? new Date(instant) : undefined;
}

function instantOf(value: unknown): number | undefined {
  if (value instanceof Date) return value.getTime();
  if (value === "infinity") return Infinity;
  if (value === "-infinity") return -Infinity;
  if (typeof value !== "string") return undefined;
  const match = pattern.exec(value);
  const instant = match ? Date.parse(match.groups?.["zone"] === undefined ? `${value}Z` : value) : NaN;
  return Number.isNaN(instant) ? undefined : instant;
}
