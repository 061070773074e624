import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BoundedMap } from "../../src/base/bounded-map.ts";

describe("A bounded map (LRU)", () => {
  it("returns the value of a key, and undefined for an unknown key", () => {
    const map = new BoundedMap<string, number>(10);
    map.set("a", 1);
    expect(map.get("a")).toBe(1);
    expect(map.get("__proto__")).toBeUndefined();
    map.delete("a");
    map.delete("never set");
    expect(map.get("a")).toBeUndefined();
    expect(map.size).toBe(0);
  });

  it("evicts the least recently used entry, and a read counts as use", () => {
    const map = new BoundedMap<string, number>(2);
    map.set("a", 1);
    map.set("b", 2);
    map.get("a");
    map.set("c", 3);
    expect([map.get("a"), map.get("b"), map.get("c")]).toEqual([1, undefined, 3]);
  });

  it("counts a read as use also after another entry was read", () => {
    const map = new BoundedMap<string, number>(2);
    map.set("a", 1);
    map.set("b", 2);
    map.get("a");
    map.get("b");
    map.set("c", 3);
    expect([map.get("a"), map.get("b"), map.get("c")]).toEqual([undefined, 2, 3]);
  });

  it("evicts as many entries as the weight of a new one requires", () => {
    const map = new BoundedMap<string, number>(10, 100);
    map.set("a", 1, 40);
    map.set("b", 2, 40);
    map.set("c", 3, 90);
    expect([map.get("a"), map.get("b"), map.get("c")]).toEqual([undefined, undefined, 3]);
  });

  it("counts the weight of a replaced entry once", () => {
    const map = new BoundedMap<string, number>(10, 100);
    map.set("a", 1, 60);
    map.set("a", 2, 50);
    map.set("b", 3, 50);
    expect([map.get("a"), map.get("b")]).toEqual([2, 3]);
  });

  it("keeps neither an entry that alone is too heavy nor the entry that it replaces", () => {
    const map = new BoundedMap<string, number>(10, 100);
    map.set("a", 1, 10);
    map.set("b", 2, 10);
    map.set("a", 3, 101);
    expect([map.get("a"), map.get("b")]).toEqual([undefined, 2]);
  });

  it("keeps nothing with a bound of 0", () => {
    const map = new BoundedMap<string, number>(0);
    map.set("a", 1);
    expect(map.size).toBe(0);
  });

  it("has no entries and no weight after clear", () => {
    const map = new BoundedMap<string, number>(10, 100);
    map.set("a", 1, 100);
    map.clear();
    map.set("b", 2, 100);
    expect([map.size, map.get("b")]).toEqual([1, 2]);
  });

  it("behaves like a list that is searched from its end, under any sequence of calls", () => {
    const key = fc.constantFrom("a", "b", "c", "d", "e");
    const step = fc.oneof(
      fc.record({ do: fc.constant("set" as const), key, weight: fc.integer({ min: 0, max: 12 }) }),
      fc.record({ do: fc.constant("get" as const), key, weight: fc.constant(0) }),
      fc.record({ do: fc.constant("delete" as const), key, weight: fc.constant(0) }),
    );
    const bound = fc.integer({ min: 0, max: 4 });
    const check = fc.property(bound, fc.array(step, { maxLength: 60 }), (entries, steps) => {
      const map = new BoundedMap<string, number>(entries, 10);
      const results: unknown[] = [];
      const expected: unknown[] = [];
      let model: { key: string; value: number; weight: number }[] = [];
      for (const [value, { do: what, key: name, weight }] of steps.entries()) {
        const before = model.find((entry) => entry.key === name);
        const others = model.filter((entry) => entry.key !== name);
        if (what === "get") {
          results.push(map.get(name));
          expected.push(before?.value);
          model = before ? [...others, before] : others;
        } else if (what === "delete") {
          map.delete(name);
          model = others;
        } else {
          map.set(name, value, weight);
          model = weight > 10 ? others : [...others, { key: name, value, weight }];
          const isOver = () => model.length > entries || model.reduce((sum, entry) => sum + entry.weight, 0) > 10;
          if (weight <= 10 && entries > 0) while (isOver()) model.shift();
          if (entries === 0) model = [];
        }
        results.push(map.size);
        expected.push(model.length);
      }
      expect(results).toEqual(expected);
      expect(["a", "b", "c", "d", "e"].filter((name) => map.get(name) !== undefined)).toEqual(
        model.map((entry) => entry.key).toSorted(),
      );
    });
    fc.assert(check);
  });
});
