import { describe, expect, it } from "vitest";
import { checkArgument, checkOptions } from "../../src/base/option-check.ts";
import {
  aBoolean,
  aFunction,
  aNumber,
  anObjectOf,
  anObjectWith,
  aText,
  listOf,
  mapOf,
  oneOf,
  optionsOf,
} from "../../src/base/rule.ts";

describe("A rule", () => {
  it.each([
    [aFunction(), 7, "a function, not 7"],
    [aBoolean, "yes", 'true or false, not "yes"'],
    [aText(), null, "a string, not null"],
    [aNumber(1), 0, "a number of at least 1, not 0"],
    [aNumber(1), Number.NaN, "a number of at least 1, not NaN"],
    [aNumber(1), "5", 'a number of at least 1, not "5"'],
    [aNumber(8, 15), 16, "a number from 8 to 15, not 16"],
    [aNumber(-Infinity), [], "a number, not an empty list"],
    [oneOf("http", "close"), "open", '"http" or "close", not "open"'],
    [anObjectWith("a clock", ["now"]), {}, "a clock, not an empty object"],
    [listOf("texts", aText()), "a", 'a list of texts, not "a"'],
    [mapOf("texts", aText()), [], "an object of texts, not an empty list"],
    [optionsOf({}), 7, "an object, not 7"],
  ])("tells what is allowed, and what was given", (rule, value, words) => {
    expect(rule("it", value)).toBe(`it must be ${words}`);
  });

  it.each([
    [aNumber(1), Infinity],
    [aFunction(), Date],
    [optionsOf({ a: aText() }), { a: undefined }],
    [optionsOf({ a: aText() }), {}],
    [anObjectOf({ a: aText() }), { b: 1 }],
    [listOf("texts", aText()), []],
  ])("says nothing about what is allowed", (rule, value) => {
    expect(rule("it", value)).toBeUndefined();
  });

  it("names the place of a value inside a list or an object", () => {
    expect(listOf("texts", aText())("tables", ["a", 1])).toBe("tables[1] must be a string, not 1");
    expect(mapOf("texts", aText())("headers", { a: 1 })).toBe("headers.a must be a string, not 1");
    const nested = optionsOf({ history: optionsOf({ events: aNumber(1) }) });
    expect(nested("", { history: { events: 0 } })).toBe("history.events must be a number of at least 1, not 0");
  });

  it("adds the usual cure", () => {
    const rule = aText((value) => (typeof value === "number" ? "Write String(it)" : undefined));
    expect(rule("it", 7)).toBe("it must be a string, not 7. Write String(it)");
    expect(rule("it", null)).toBe("it must be a string, not null");
  });

  it("of options names one that is unknown, with the one that was probably meant or all that there are", () => {
    const rule = optionsOf({ onConnect: aFunction(), log: aText() });
    expect(rule("", { onConect: 1 })).toBe("there is no option onConect. Did you mean onConnect?");
    expect(rule("it", { colour: 1 })).toBe("there is no option it.colour. There are log, onConnect");
    expect(rule("", { toString: 1 })).toBe("there is no option toString. There are log, onConnect");
  });
});

function checked(options: unknown) {
  return () => checkOptions("model", options, { name: aText() }, { required: ["name"], code: "BAD_DECLARATION" });
}

describe("A check", () => {
  it("throws with the name of the function that was called", () => {
    const wrong = { code: "BAD_OPTION", message: "listen: port must be a number of at least 0, not -1" };
    expect(() => checkArgument("listen", "port", -1, aNumber(0))).toThrow(expect.objectContaining(wrong));
    expect(() => checkOptions("listen", { port: -1 }, { port: aNumber(0) })).toThrow(expect.objectContaining(wrong));
  });

  it("throws for options that are none, and for one that is missing", () => {
    expect(checked(undefined)).toThrow("model: its options must be an object, not undefined");
    expect(checked(["a"])).toThrow("model: its options must be an object, not a list of 1");
    expect(checked({})).toThrow("model: name must be a string, not undefined");
    expect(checked({})).toThrow(expect.objectContaining({ code: "BAD_DECLARATION" }));
  });
});
