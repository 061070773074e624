import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { jsonMemory } from "../../src/base/json-memory.ts";

const letters = (count: number, item: (index: string) => string): string =>
  Array.from({ length: count }, (_, index) => item(index.toString(36))).join();

/** Texts of some 100 KB, which take very different memory. */
const texts: Readonly<Record<string, string>> = {
  "empty objects": `[${letters(40_000, () => "{}")}]`,
  "empty lists": `[${letters(40_000, () => "[]")}]`,
  "lists of one": `[${letters(30_000, () => "[1]")}]`,
  "whole numbers": `[${letters(60_000, () => "1")}]`,
  fractions: `[${letters(30_000, () => "1.5")}]`,
  "short strings": `[${letters(20_000, (index) => `"${index}"`)}]`,
  "one long string": JSON.stringify("x".repeat(100_000)),
  "one long string that is not Latin": JSON.stringify("ж".repeat(100_000)),
  "an object of many keys": `{${letters(10_000, (index) => `"k${index}":1`)}}`,
  "objects of one shape": `[${letters(15_000, () => '{"a":1}')}]`,
  "objects of a shape each": `[${letters(10_000, (index) => `{"k${index}":1}`)}]`,
  "objects in objects": `[${letters(3_000, () => '{"a":{"b":{"c":{"d":{"e":{"f":{}}}}}}}')}]`,
};

setFlagsFromString("--expose-gc");
const collect: unknown = runInNewContext("gc");

function used(): number {
  if (typeof collect === "function") for (let time = 0; time < 2; time += 1) collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe("The estimate of a JSON value's memory", () => {
  it.each(Object.entries(texts))("is near what V8 takes for %s", (_name, text) => {
    const kept: unknown[] = [];
    const before = used();
    // Blanks at the end, so that no cache knows the text.
    for (let count = 0; count < 20; count += 1) kept.push(JSON.parse(text + " ".repeat(count)));
    const real = (used() - before) / kept.length;
    const estimate = jsonMemory(kept[0]);
    expect(estimate).toBeGreaterThan(0.8 * real);
    expect(estimate).toBeLessThan(5 * real);
  });

  it("counts nothing for what stands in its place, and every text", () => {
    expect(jsonMemory(null)).toBe(0);
    expect(jsonMemory(1)).toBe(0);
    expect(jsonMemory("abc")).toBe(22);
    expect(jsonMemory({ a: "b", c: undefined })).toBe(56 + 2 * 50 + 18);
  });

  it("counts objects as often as they are kept, and their texts once", () => {
    expect(jsonMemory([{ a: "b" }], 3)).toBe(3 * (56 + 8 + 56 + 48) + 2 + 18);
  });

  it("counts what is nested deeper than a stack is", () => {
    let nested: unknown = "ab";
    for (let depth = 0; depth < 100_000; depth += 1) nested = depth % 2 === 0 ? [nested] : { a: nested };
    expect(jsonMemory(nested)).toBe(20 + 50_000 * (56 + 8) + 50_000 * (56 + 48 + 2));
  });
});
