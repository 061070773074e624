import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Match } from "../../../src/declare/declaration.ts";
import { MatchIndex, type Interest } from "../../../src/engine/hub/match-index.ts";

function found(index: MatchIndex<string>, payload: unknown): readonly string[] {
  const names: string[] = [];
  index.find(payload, (name) => names.push(name));
  return names.toSorted();
}

function by(match: Interest["match"], facets?: Interest["facets"]): Interest {
  return { match, facets };
}

function indexOf(
  matches: Readonly<Record<string, Interest["match"]>>,
  facets?: Interest["facets"],
): MatchIndex<string> {
  const index = new MatchIndex<string>();
  for (const [name, match] of Object.entries(matches)) index.add(by(match, facets), name);
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
    index.delete(by(match), "odd");
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
    index.add(by({ id: 1 }), "it");
    index.add(by({ id: 1 }), "it");
    expect(index.size).toBe(1);
    expect(found(index, { id: 1 })).toEqual(["it"]);
    index.delete(by({ id: 1 }), "it");
    index.delete(by({ id: 1 }), "it");
    expect(index.size).toBe(0);
    expect(found(index, { id: 1 })).toEqual([]);
  });

  it("does not mind the order in which conditions are named", () => {
    const index = indexOf({ it: { id: 1, kind: "a" } });
    index.delete(by({ kind: "a", id: 1 }), "it");
    expect(index.size).toBe(0);
  });

  it("bears listeners that come and go while it is being searched", () => {
    const index = indexOf({ first: { id: 1 }, second: { id: 1 } });
    const names: string[] = [];
    index.find({ id: 1 }, (name) => {
      names.push(name);
      index.delete(by({ id: 1 }), "first");
      index.delete(by({ id: 1 }), "second");
      index.add(by({ id: 2 }), "third");
    });
    expect(names).toEqual(["first"]);
    expect([...index]).toEqual(["third"]);
  });

  it("finds those of whose alternatives an event meets one, each once", () => {
    const index = indexOf({ either: [{ id: 1 }, { id: 2 }], both: [{ id: 1 }, { kind: "a" }], none: [], all: [{}] });
    expect(found(index, { id: 1, kind: "a" })).toEqual(["all", "both", "either"]);
    expect(found(index, { id: 2 })).toEqual(["all", "either"]);
    expect([index.size, [...index].toSorted()]).toEqual([4, ["all", "both", "either", "none"]]);
    for (const name of ["both", "none", "all"])
      index.delete(by(name === "both" ? [{ id: 1 }, { kind: "a" }] : name === "all" ? [{}] : []), name);
    expect(found(index, { id: 1, kind: "a" })).toEqual(["either"]);
  });

  it("looks conditions up in an event's facets, and finds a listener once whose conditions several meet", () => {
    const index = indexOf({ skoda: { make: "Skoda" }, old: { make: "Skoda", year: 1990 }, all: {} }, sides);
    expect(found(index, { before: { make: "Skoda", year: 1990 }, after: { make: "Skoda", year: 1991 } })).toEqual([
      "all",
      "old",
      "skoda",
    ]);
    expect(found(index, { before: { make: "Skoda" }, after: { year: 1990 } })).toEqual(["all", "skoda"]);
    expect(found(index, {})).toEqual(["all"]);
  });

  it("keeps those apart who take an event apart in different ways", () => {
    const index = indexOf({ side: { id: 1 } }, sides);
    index.add(by({ id: 1 }), "whole");
    expect(found(index, { id: 1 })).toEqual(["whole"]);
    expect(found(index, { before: { id: 1 } })).toEqual(["side"]);
  });

  it("finds everybody by facets for an event that concerns all, and only the undemanding if taking it apart fails", () => {
    const index = indexOf({ one: { id: 1 }, all: undefined }, sides);
    expect(found(index, "everybody")).toEqual(["all", "one"]);
    expect(found(index, null)).toEqual(["all"]);
  });

  it("does not visit whom a listener before has deleted, by however many facets it was found", () => {
    const index = indexOf({ first: { id: 1 }, second: { id: 1 } }, sides);
    const names: string[] = [];
    index.find({ before: { id: 1 }, after: { id: 1 } }, (name) => {
      names.push(name);
      index.delete(by({ id: 1 }, sides), "second");
    });
    expect(names).toEqual(["first"]);
  });
});

/** The objects `before` and `after` of an event; a text concerns everybody; throws for null. */
function sides(event: unknown): readonly object[] | "all" {
  if (typeof event === "string") return "all";
  if (event === null) throw new TypeError("No event");
  return Object.values(Object(event)).filter((side) => typeof side === "object" && side !== null);
}

// Few values, so that they meet often; the empty text, separators and texts of other kinds' values among them.
const value = fc.constantFrom(0, 1, Number.NaN, "1", "null", "", ",", '"', null, true, 1n, undefined);
const names = ["a", "b", "__proto__"] as const;
const properties = fc
  .array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 3 })
  .map((entries): Match => Object.fromEntries(entries));
const payload = fc.oneof({ weight: 9, arbitrary: properties }, { weight: 1, arbitrary: fc.constantFrom(null, 1, "a") });
const steps = fc.array(fc.tuple(fc.constantFrom("add", "add", "delete"), properties, fc.nat(3)), { maxLength: 30 });
const several = fc.array(fc.array(properties, { maxLength: 3 }), { maxLength: 8 });

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
        if (what === "add") index.add(by(match), name);
        else index.delete(by(match), name);
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

it("A match index with alternatives and facets finds what a filter would let through, each once", () => {
  fc.assert(
    fc.property(several, fc.array(fc.dictionary(fc.constantFrom("before", "after"), properties)), (lists, events) => {
      const index = new MatchIndex<string>();
      for (const [number, list] of lists.entries()) index.add(by(list, sides), String(number));
      for (const event of events) {
        const facets = Object.values(event);
        const expected = [...lists.entries()].filter(([, list]) =>
          list.some((match) => isEmpty(match) || facets.some((facet) => meets(facet, match))),
        );
        expect(found(index, event)).toEqual(expected.map(([number]) => String(number)).toSorted());
      }
      for (const [number, list] of lists.entries()) index.delete(by(list, sides), String(number));
      expect([index.size, found(index, { before: { a: 1, b: 1 } })]).toEqual([0, []]);
    }),
    { numRuns: 500 },
  );
});

function isEmpty(match: Match): boolean {
  return Object.values(match).every((wanted) => wanted === undefined);
}
