import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { daysUntil } from "../../src/models/value/calendar.ts";
import { date } from "../../src/models/value/date.ts";
import { timestamp } from "../../src/models/value/timestamp.ts";

/** As PostgreSQL writes it. */
function written(day: Date): string {
  const year = day.getUTCFullYear();
  const rest = day.toISOString().replace(/^[+-]?\d+(-\d\d-\d\d).*$/, "$1");
  return `${String(year > 0 ? year : 1 - year).padStart(4, "0")}${rest}${year > 0 ? "" : " BC"}`;
}

const milliseconds = 86_400_000;
/** PostgreSQL's first day, and the last one of a Date. */
const days = fc.integer({ min: -2_440_588, max: 100_000_000 });

describe("A day of PostgreSQL", () => {
  it("is counted as a Date counts it, before Christ and after the year 9999 as well", () => {
    fc.assert(
      fc.property(days, (day) => {
        expect(daysUntil(written(new Date(day * milliseconds)))).toBe(day);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ["4714-11-24 BC", -2_440_588],
    ["4714-11-23 BC", undefined],
    ["5874897-12-31", 2_145_042_905],
    ["5874898-01-01", undefined],
    ["0001-02-29 BC", -719_469],
    ["0000-01-01", undefined],
    ["1900-02-29", undefined],
    ["2000-02-29", 11_016],
    ["2026-02-30", undefined],
    ["2026-13-01", undefined],
    ["2026-1-1", undefined],
    ["02026-01-01", undefined],
    ["infinity", Infinity],
    ["-infinity", -Infinity],
  ])("%s is %s days from 1970", (text, expected) => {
    expect(daysUntil(text)).toBe(expected);
  });

  it("is ordered by time, and not by its text", () => {
    const texts = ["-infinity", "3000-01-01 BC", "0044-03-15 BC", "2026-01-31", "10000-01-01", "infinity"];
    const sorted = texts.toReversed().toSorted((left, right) => date.comparison?.compare(left, right) ?? 0);
    expect(sorted).toEqual(texts);
  });
});

describe("A moment of PostgreSQL", () => {
  it("is ordered by time, whether a Date can hold it or not", () => {
    const texts = [
      "-infinity",
      "4714-11-24T00:00:00+00:00 BC",
      "0044-03-15T12:00:00+00:00 BC",
      "2026-01-31T12:00:00+01:00",
      "2026-01-31T12:00:00+00:00",
      "12026-01-31T12:00:00+00:00",
      "294276-12-31T23:59:59+00:00",
      "infinity",
    ];
    const moments = texts.map((text) => timestamp.decode(text));
    const sorted = moments.toReversed().toSorted((left, right) => timestamp.comparison?.compare(left, right) ?? 0);
    expect(sorted).toEqual(moments);
  });

  it("has a value of its own for each that ISO 8601 can write", () => {
    const range = { min: -62_198_755_200_000 * 3, max: 8.64e15, noInteger: false, noNaN: true } as const;
    fc.assert(
      fc.property(fc.double(range), (time) => {
        const moment = new Date(Math.trunc(time));
        expect(timestamp.decode(moment.toISOString())).toEqual(moment);
      }),
    );
  });
});
