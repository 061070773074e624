import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MatchIndex, type Match } from "../../src/engine/match-index.ts";

function found(index: MatchIndex<string>, payload: unknown): readonly string[] {
  const names: string[] = [];
  index.find(payload, (name) => names.push(name));
  return names.toSorted();
}

function indexOf(matches: Readonly<Record<string, Match | undefined>>): MatchIndex<string> {
  const index = new MatchIndex<string>();
  for (const [name, match] of Object.entries(matches)) index.add(match, name);
  return index;
}

describe("A match index", () => {
  it("finds those whose every condition an event meets", () => {
    const index = indexOf({
      all: undefined,
      empty: {},
      one: { id: 1 },
      two: { id: 2 },
      both: { id: 1, kind: "a" },
      reversed: { kind: "a", id: 1 },
      other: { id: 1, kind: "b" },
    });
    expect(found(index, { id: 1, kind: "a" })).toEqual(["all", "both", "empty", "one", "reversed"]);
    expect(found(index, { id: 2 })).toEqual(["all", "empty", "two"]);
    expect(found(index, {})).toEqual(["all", "empty"]);
    expect(index.size).toBe(7);
  });

  it("sets no condition where a property is undefined", () => {
    const index = indexOf({ any: { id: undefined }, one: { id: 1, kind: undefined } });
    expect(found(index, { id: 1, kind: "a" })).toEqual(["any", "one"]);
    expect(found(index, { id: 2 })).toEqual(["any"]);
  });

  it.each([
    { value: 1, others: ["1", 1n, true, null, undefined, [1]] },
    { value: "1", others: [1, 1n, "1 ", ["1"]] },
    { value: true, others: ["true", 1, null] },
    { value: null, others: ["null", undefined, 0, "", {}] },
    { value: 1n, others: [1, "1", "1n"] },
    { value: "nothing", others: [undefined, {}, "null"] },
    { value: Number.NaN, others: ["NaN", null, undefined] },
    { value: "", others: [null, undefined, 0, false] },
    { value: 'a","b', others: ["a", "b"] },
  ])("has $value meet its equal and nothing that only looks like it", ({ value, others }) => {
    const index = indexOf({ it: { id: value } });
    expect(found(index, { id: value })).toEqual(["it"]);
    for (const other of others) expect(found(index, { id: other })).toEqual([]);
  });

  it("takes 0 and -0 for the same", () => {
    expect(found(indexOf({ zero: { id: 0 } }), { id: -0 })).toEqual(["zero"]);
  });

  it("has a condition that is no value meet nothing, not even an event without the property", () => {
    const match: Record<string, never> = JSON.parse('{"id":{"eq":1}}');
    const index = indexOf({ odd: match });
    for (const payload of [{}, { id: {} }, { id: undefined }, { id: match["id"] }, null]) {
      expect(found(index, payload)).toEqual([]);
    }
    index.delete(match, "odd");
    expect(index.size).toBe(0);
  });

  it.each([null, undefined, 1, "text", true, Symbol("s"), () => 1])(
    "finds nobody with conditions for the payload %o",
    (payload) => {
      expect(found(indexOf({ all: undefined, one: { length: 1 }, nothing: { id: null } }), payload)).toEqual(["all"]);
    },
  );

  it.each(["__proto__", "constructor", "toString", "hasOwnProperty"])("knows the property %s only as data", (name) => {
    const index = indexOf({ it: Object.fromEntries([[name, "x"]]), nothing: Object.fromEntries([[name, null]]) });
    expect(found(index, {})).toEqual([]);
    expect(found(index, JSON.parse(`{${JSON.stringify(name)}:"x"}`))).toEqual(["it"]);
  });

  it("tells values apart whose texts run together", () => {
    const index = indexOf({ ab: { x: "a,b", y: "c" }, bc: { x: "a", y: "b,c" }, quotes: { x: '"', y: '","' } });
    expect(found(index, { x: "a,b", y: "c" })).toEqual(["ab"]);
    expect(found(index, { x: "a", y: "b,c" })).toEqual(["bc"]);
    expect(found(index, { x: '"', y: '","' })).toEqual(["quotes"]);
  });

  it("finds a listener once that was added twice, and not at all once it was deleted", () => {
    const index = new MatchIndex<string>();
    index.add({ id: 1 }, "it");
    index.add({ id: 1 }, "it");
    expect(index.size).toBe(1);
    expect(found(index, { id: 1 })).toEqual(["it"]);
    index.delete({ id: 1 }, "it");
    index.delete({ id: 1 }, "it");
    expect(index.size).toBe(0);
    expect(found(index, { id: 1 })).toEqual([]);
  });

  it("does not mind the order in which conditions are named", () => {
    const index = indexOf({ it: { id: 1, kind: "a" } });
    index.delete({ kind: "a", id: 1 }, "it");
    expect(index.size).toBe(0);
  });

  it("bears listeners that come and go while it is being searched", () => {
    const index = indexOf({ first: { id: 1 }, second: { id: 1 } });
    const names: string[] = [];
    index.find({ id: 1 }, (name) => {
      names.push(name);
      index.delete({ id: 1 }, "first");
      index.delete({ id: 1 }, "second");
      index.add({ id: 2 }, "third");
    });
    expect(names).toEqual(["first"]);
    expect([...index]).toEqual(["third"]);
  });
});

// Few values, so that they meet often; the empty text, separators and texts of other kinds' values among them.
const value = fc.constantFrom(0, 1, Number.NaN, "1", "null", "", ",", '"', null, true, 1n, undefined);
const names = ["a", "b", "__proto__"] as const;
const properties = fc
  .array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 3 })
  .map((entries): Match => Object.fromEntries(entries));
const payload = fc.oneof({ weight: 9, arbitrary: properties }, { weight: 1, arbitrary: fc.constantFrom(null, 1, "a") });
const steps = fc.array(fc.tuple(fc.constantFrom("add", "add", "delete"), properties, fc.nat(3)), { maxLength: 30 });

/** What `match` promises, said with a filter. */
function meets(event: unknown, match: Match): boolean {
  return Object.entries(match).every(([name, wanted]) => {
    if (wanted === undefined) return true;
    const own = typeof event === "object" && event !== null && Object.hasOwn(event, name);
    const actual: unknown = own ? Reflect.get(event, name) : undefined;
    return actual === wanted || (Number.isNaN(actual) && Number.isNaN(wanted));
  });
}

it("A match index finds what a filter by equality would let through", () => {
  fc.assert(
    fc.property(steps, fc.array(payload, { maxLength: 10 }), (done, events) => {
      const index = new MatchIndex<string>();
      const list = new Map<string, Match>();
      for (const [what, match, number] of done) {
        const name = `${number} ${Object.entries(match).flat().map(String).join("|")} ${Object.values(match)
          .map((one) => typeof one)
          .join("|")}`;
        if (what === "add") list.set(name, match);
        else list.delete(name);
        if (what === "add") index.add(match, name);
        else index.delete(match, name);
      }
      expect(index.size).toBe(list.size);
      for (const event of events) {
        const expected = [...list].filter(([, match]) => meets(event, match)).map(([name]) => name);
        expect(found(index, event)).toEqual(expected.toSorted());
      }
    }),
    { numRuns: 500 },
  );
});
