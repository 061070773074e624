import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonDepth } from "../../src/base/json-depth.ts";

const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

describe("The depth of JSON text", () => {
  it("may be 64 by default", () => {
    expect(jsonDepth(nested(64))).toBe(true);
    expect(jsonDepth(nested(65))).toBe(false);
  });

  it("counts objects and arrays alike", () => {
    expect(jsonDepth('{"a":[{"b":1}]}', 3)).toBe(true);
    expect(jsonDepth('{"a":[{"b":1}]}', 2)).toBe(false);
  });

  it("does not add up siblings", () => {
    expect(jsonDepth("[[],[],{},[]]", 2)).toBe(true);
  });

  it("ignores brackets inside strings", () => {
    expect(jsonDepth('["[[[[", "\\"[[[", "\\\\"]', 1)).toBe(true);
    expect(jsonDepth('["\\\\", [[]]]', 2)).toBe(false);
  });

  it("permits only scalars at 0, and everything at Infinity", () => {
    expect(jsonDepth("1", 0)).toBe(true);
    expect(jsonDepth("{}", 0)).toBe(false);
    expect(jsonDepth(nested(100_000), Infinity)).toBe(true);
  });

  it("has a result for text that is not JSON", () => {
    for (const text of ["", '"', '"\\', "]]]][", '{"a', "\\"]) expect(jsonDepth(text, 1)).toBe(true);
  });

  it("equals the depth of the parsed value", () => {
    const depthOf = (value: unknown): number =>
      typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), fc.nat(8), (text, max) => {
        expect(jsonDepth(text, max)).toBe(depthOf(JSON.parse(text)) <= max);
      }),
    );
  });
});
