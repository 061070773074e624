import { describe, expect, it } from "vitest";
import { FanfareError, errorCodes } from "../../src/base/error.ts";

describe("FanfareError", () => {
  it("is an Error with a code, a name and a cause", () => {
    const cause = new Error("no route");
    const error = new FanfareError("EVENT_UNKNOWN", "It may be stored", { cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: "FanfareError", code: "EVENT_UNKNOWN", cause });
    expect(error.message).toBe("It may be stored");
  });

  it("has no cause unless one is given", () => {
    expect("cause" in new FanfareError("CLOSED", "It is closed")).toBe(false);
  });

  it.for(Object.entries(errorCodes))("documents of %s when it happens and what to do", ([, { when, next }]) => {
    expect(when).toMatch(/^[A-Z].+\.$/);
    expect(next).toMatch(/^[A-Z].+\.$/);
  });
});
