import { describe, expect, it } from "vitest";
import { blamed, blaming, takeBlame } from "../../src/base/blame.ts";

const error = new Error("no");

describe("The function that has thrown an error", () => {
  it("is noted once, beside the error that was thrown", async () => {
    const fail = (): never => {
      throw error;
    };
    expect(() => blaming("topics", "Subscription.a", fail)).toThrow(error);
    expect(takeBlame(error)).toEqual({ by: "topics", field: "Subscription.a" });
    expect(takeBlame(error)).toBeUndefined();
    await expect(blaming("initial", undefined, () => Promise.reject(error))).rejects.toBe(error);
    expect(takeBlame(error)).toEqual({ by: "initial", field: undefined });
  });

  it("is noted for something that is no error, of which an error is made", () => {
    const made = blamed("no", "context");
    expect([made.message, takeBlame(made)?.by]).toEqual(["no", "context"]);
  });

  it("gives its answer otherwise", async () => {
    expect(blaming("topics", "a", () => 1)).toBe(1);
    expect(await blaming("topics", "a", async () => 2)).toBe(2);
  });
});
