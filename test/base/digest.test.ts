import { describe, expect, it } from "vitest";
import { digestOf } from "../../src/base/digest.ts";

describe("The digest of a text", () => {
  it("is the text itself where that is short", () => {
    expect(digestOf("a short text")).toBe("a short text");
  });

  it("has a bounded length, and differs for texts that differ", () => {
    const texts = ["x".repeat(200_000), "x".repeat(200_001), `${"x".repeat(200_000)}y`];
    const digests = texts.map(digestOf);
    expect(new Set(digests).size).toBe(3);
    for (const digest of digests) expect(digest.length).toBeLessThan(64);
    expect(digestOf("x".repeat(200_000))).toBe(digests[0]);
  });
});
