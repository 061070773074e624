const milliseconds = 86_400_000;
/** The Julian day of 1970-01-01, and PostgreSQL's first and last day: 4714-11-24 BC, and 5874897-12-31. */
const julianOf1970 = 2_440_588;
const firstDay = -julianOf1970;
const lastDay = 2_147_483_493 - julianOf1970;
/** The moments that a Date can hold, in milliseconds before and after 1970 (ECMAScript, 21.4.1.1). */
const farthest = 8.64e15;

/** A day as PostgreSQL writes it, `2026-01-31` or `0044-03-15 BC`, or as ISO 8601 does, `+012026-01-31`. */
const pattern =
  /^(?<sign>[+-](?=\d{6}-))?(?<year>\d{4}|(?!0)\d{5,}|(?<=[+-])\d{6})-(?<month>\d\d)-(?<day>\d\d)(?<era> BC)?$/;

/**
 * The days from 1970-01-01 until a day, in the Gregorian calendar of all times; Infinity and -Infinity for `infinity` and
 * `-infinity`. Undefined for a text that is no day, or none that PostgreSQL has.
 */
export function daysUntil(text: string): number | undefined {
  if (text === "infinity") return Infinity;
  if (text === "-infinity") return -Infinity;
  const { sign, year, month, day, era } = pattern.exec(text)?.groups ?? {};
  if (year === undefined || (era !== undefined && sign !== undefined)) return undefined;
  const written = sign === "-" ? -Number(year) : Number(year);
  // ISO 8601 counts the year before 1 as 0; for PostgreSQL it is 1 BC, and no year is 0.
  if (written === 0 && sign === undefined) return undefined;
  const days = daysOf(era === undefined ? written : 1 - written, Number(month), Number(day));
  return days !== undefined && days >= firstDay && days <= lastDay ? days : undefined;
}

/** The Date of a moment; undefined for one that no Date can hold. */
export function dateAt(instant: number): Date | undefined {
  return Math.abs(instant) <= farthest ? new Date(instant) : undefined;
}

/** Milliseconds from 1970 until the beginning of a day in UTC. */
export function midnightOf(days: number): number {
  return days * milliseconds;
}

/** Undefined if the month has no such day. */
function daysOf(year: number, month: number, day: number): number | undefined {
  // In the cycle of 400 years that is a Date's: it has the same days, and they are the same for every cycle.
  const cycle = Math.floor(year / 400);
  const date = new Date(Date.UTC(2000 + year - 400 * cycle, month - 1, day));
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  return date.getTime() / milliseconds + (cycle - 5) * 146_097;
}
