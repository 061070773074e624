import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exceededBound } from "../../src/base/json-bounds.ts";
import { jsonMemory } from "../../src/base/json-memory.ts";

const jsonDepth = (text: string, depth: number) => exceededBound(text, { depth, bytes: Infinity }) === undefined;
const jsonBytes = (text: string, bytes: number) => exceededBound(text, { depth: Infinity, bytes }) === undefined;
const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

describe("The depth of JSON text", () => {
  it("may be as many levels as the bound says", () => {
    expect(jsonDepth(nested(64), 64)).toBe(true);
    expect(jsonDepth(nested(65), 64)).toBe(false);
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

  it("ignores brackets in long strings, however many backslashes stand before a quote", () => {
    const letters = fc.constantFrom("\\", '"', "[", "x");
    fc.assert(
      fc.property(fc.string({ unit: letters, minLength: 20, maxLength: 200 }), (inside) => {
        const text = JSON.stringify([inside, [inside]]);
        expect([jsonDepth(text, 2), jsonDepth(text, 1)]).toEqual([true, false]);
      }),
    );
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

describe("The memory of JSON text", () => {
  it("counts objects, arrays, elements, properties and strings", () => {
    expect(jsonBytes("[]", 64)).toBe(true);
    expect(jsonBytes("[]", 63)).toBe(false);
    expect(jsonBytes("[{},{},{}]", 4 * 64 + 2 * 8)).toBe(true);
    expect(jsonBytes("[{},{},{}]", 4 * 64 + 2 * 8 - 1)).toBe(false);
    expect(jsonBytes('{"ab":"c"}', 64 + 48 + 2 * 16 + 6)).toBe(true);
    expect(jsonBytes('{"ab":"c"}', 64 + 48 + 2 * 16 + 5)).toBe(false);
  });

  it("counts nothing inside strings but their length", () => {
    expect(jsonBytes('"[{,:\\""', 16 + 2 * 6)).toBe(true);
  });

  it("permits everything at Infinity", () => {
    expect(jsonBytes(nested(100_000), Infinity)).toBe(true);
  });

  it("is at least the memory of the parsed value, and not many times as much", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), (text) => {
        const memory = jsonMemory(JSON.parse(text));
        expect(jsonBytes(text, memory - 1)).toBe(false);
        expect(jsonBytes(text, 6 * (memory + text.length) + 64)).toBe(true);
      }),
    );
  });
});
