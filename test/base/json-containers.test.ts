import { describe, expect, it } from "vitest";
import { someContainer } from "../../src/base/json-containers.ts";

function visited(root: unknown): object[] {
  const containers: object[] = [];
  someContainer(root, (container) => containers.push(container) === 0);
  return containers;
}

describe("A walk over a JSON value's objects and arrays", () => {
  it("visits each once, parents first", () => {
    expect(visited({ a: [1, { b: null }], c: { d: [] }, e: "text" })).toEqual([
      { a: [1, { b: null }], c: { d: [] }, e: "text" },
      [1, { b: null }],
      { b: null },
      { d: [] },
      [],
    ]);
  });

  it.each([undefined, null, 1, "text", true])("visits nothing of %j", (value) => {
    expect(visited(value)).toEqual([]);
  });

  it("goes as deep as the value does, without overflowing the stack", () => {
    let nested: unknown = { a: [] };
    for (let depth = 0; depth < 100_000; depth += 1) nested = depth % 2 === 0 ? [nested] : { a: nested };
    const containers = visited(nested);
    expect(containers).toHaveLength(100_002);
    expect(new Set(containers).size).toBe(100_002);
  });

  it("ends at the first that passes", () => {
    const seen: object[] = [];
    const value = [[1], [2], [3]];
    expect(someContainer(value, (container) => seen.push(container) === 3)).toBe(true);
    expect(seen).toEqual([value, [1], [2]]);
    expect(someContainer(value, () => false)).toBe(false);
  });

  it("does not visit what a prototype has", () => {
    const value: unknown = Object.create({ inherited: [] });
    expect(visited(value)).toEqual([value]);
  });
});
