import { dateAt, daysUntil, midnightOf } from "./calendar.ts";
import { order, type Comparison, type Kind } from "./kind.ts";

const pattern =
  /^(?<day>[+-]?\d+-\d\d-\d\d)T(?<hour>[01]\d|2[0-3]):(?<minute>[0-5]\d)(?::(?<second>[0-5]\d)(?:\.(?<fraction>\d+))?)?(?<zone>Z|[+-]\d\d(?::?[0-5]\d)?)?(?<era> BC)?$/;

/**
 * `timestamp` and `timestamptz` as a Date; a `timestamp` is read as UTC. What no Date can hold is text: `infinity`, and
 * years from 275761.
 */
export const timestamp: Kind = {
  one: "a moment",
  scalar: "DateTime",
  identifies: false,
  decode: momentOf,
  plain: (value) => (value instanceof Date ? value.toISOString() : value),
  comparison: comparisonBy(momentOf),
};

/** `timestamp` and `timestamptz` as text in ISO 8601, for Drizzle's mode `string`, with PostgreSQL's microseconds. */
export const timestampText: Kind = {
  ...timestamp,
  decode: (text) => (instantOf(text) === undefined ? undefined : text),
  comparison: comparisonBy((input) => {
    const moment = momentOf(input);
    return moment instanceof Date ? moment.toISOString() : moment;
  }),
};

/**
 * A moment in ISO 8601 from text as PostgreSQL writes it: a year of more than four digits, or one before 1, gets a sign
 * and six digits; a moment without a time zone is one in UTC. `infinity` stays.
 */
export function isoMoment(text: string): string {
  const { day = "", zone, era = "" } = pattern.exec(text)?.groups ?? {};
  if (day === "") return text;
  const [, year = ""] = /^(\d+)-/.exec(day) ?? [];
  const time = text.slice(day.length, text.length - era.length);
  const rest = `${day.slice(year.length)}${time}${zone === undefined ? "Z" : ""}`;
  if (year === "" || (year.length === 4 && era === "")) return `${year}${rest}`;
  if (era === "") return `+${year.padStart(6, "0")}${rest}`;
  // ISO 8601 has a year 0, which is 1 BC.
  const beforeZero = Number(year) - 1;
  return beforeZero === 0 ? `0000${rest}` : `-${String(beforeZero).padStart(6, "0")}${rest}`;
}

/** Compares points in time with a precision of milliseconds. */
function comparisonBy(accept: (input: unknown) => unknown): Comparison {
  return {
    accept,
    compare: (left, right) => order(instantOf(left) ?? NaN, instantOf(right) ?? NaN),
    encode: undefined,
  };
}

function momentOf(value: unknown): unknown {
  const instant = instantOf(value);
  return instant === undefined ? undefined : (dateAt(instant) ?? value);
}

/** Milliseconds since 1970. */
function instantOf(value: unknown): number | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.getTime();
  if (value === "infinity") return Infinity;
  if (value === "-infinity") return -Infinity;
  const groups = typeof value === "string" ? pattern.exec(value)?.groups : undefined;
  if (!groups) return undefined;
  const { day = "", hour, minute, second = "0", fraction = "", zone = "Z", era = "" } = groups;
  const days = daysUntil(day + era);
  if (days === undefined) return undefined;
  const seconds = (Number(hour) * 60 + Number(minute)) * 60 + Number(second) - secondsEast(zone);
  return midnightOf(days) + seconds * 1000 + Number(fraction.slice(0, 3).padEnd(3, "0"));
}

function secondsEast(zone: string): number {
  const [, sign = "+", hours = "0", minutes = "0"] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60;
}
