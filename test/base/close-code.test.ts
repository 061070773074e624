import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutReason, quoted } from "../../src/base/close-code.ts";

describe("A close reason", () => {
  it("is unchanged up to 123 bytes", () => {
    expect(cutReason("x".repeat(123))).toBe("x".repeat(123));
    expect(cutReason("€".repeat(41))).toBe("€".repeat(41));
  });

  it("is cut to 123 bytes", () => {
    expect(cutReason("x".repeat(124))).toBe("x".repeat(123));
  });

  it("is cut between characters of UTF-8", () => {
    expect(cutReason(`${"x".repeat(122)}€`)).toBe("x".repeat(122));
    expect(cutReason(`${"x".repeat(120)}🏊`)).toBe("x".repeat(120));
  });

  it("never exceeds 123 bytes and is always a prefix, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        const cut = cutReason(text);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(123);
        expect(text.startsWith(cut)).toBe(true);
        expect(Buffer.byteLength(text) > 123 || cut === text).toBe(true);
      }),
    );
  });
});

describe("A quotation of a client's text", () => {
  it("is cut, and escapes control characters", () => {
    expect(quoted("a\r\nb")).toBe('"a\\r\\nb"');
    expect(quoted("\u007f\u0080\u009b31m\u009f\u00a0")).toBe('"\\u007f\\u0080\\u009b31m\\u009f\u00a0"');
    expect(quoted("x".repeat(30))).toBe(`"${"x".repeat(24)}…"`);
  });
});
