import { describe, expect, it } from "vitest";
import { defaultTransportLimits, transportLimits } from "../../src/transports/limits.ts";

const names = Object.keys(defaultTransportLimits);
const alwaysOn = ["refusalMilliseconds", "closeMilliseconds"];

describe("The limits of transports", () => {
  it("are the defaults where nothing is said", () => {
    expect(transportLimits()).toEqual(defaultTransportLimits);
    expect(transportLimits({ refusals: 5 })).toEqual({ ...defaultTransportLimits, refusals: 5 });
  });

  it.each(names)("may be 1 and 2,147,483,647 for %s", (name) => {
    for (const value of [1, 2_147_483_647]) expect(transportLimits({ [name]: value })).toMatchObject({ [name]: value });
  });

  it.each(names)("may be no other number for %s, and the error says which may", (name) => {
    for (const value of [0, -1, 1.5, Number.NaN, 2_147_483_648, -Infinity]) {
      expect(() => transportLimits({ [name]: value })).toThrow(
        expect.objectContaining({
          code: "BAD_OPTION",
          message: expect.stringMatching(`limits.${name} is ${value}; it must be a whole number from 1 to 2147483647`),
        }),
      );
    }
  });

  it.each(names.filter((name) => !alwaysOn.includes(name)))("may be Infinity for %s", (name) => {
    expect(transportLimits({ [name]: Infinity })).toMatchObject({ [name]: Infinity });
  });

  it.each(alwaysOn)("may not be Infinity for %s: the end of a connection is not waited for without a bound", (name) => {
    expect(() => transportLimits({ [name]: Infinity })).toThrow(expect.objectContaining({ code: "BAD_OPTION" }));
  });
});
