import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import {
  buildSchema,
  getArgumentValues,
  getDirectiveValues,
  GraphQLIncludeDirective,
  Kind,
  parse,
  type FieldNode,
  type OperationDefinitionNode,
} from "graphql";
import { describe, expect, it } from "vitest";
import {
  canonical,
  canonicalVariables,
  coerceVariables,
  type Variables,
} from "../../../src/engine/document/variables.ts";

const schema = buildSchema(`
  scalar Anything
  enum Color { RED GREEN }
  input Where { id: ID, limit: Int = 10, color: Color, any: Anything }
  type Query { list(where: Where, n: Int! = 3): String }
`);

function operationOf(source: string): OperationDefinitionNode {
  const [operation] = parse(source).definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new TypeError("No operation");
  return operation;
}

function fieldOf({ selectionSet }: OperationDefinitionNode): FieldNode {
  const [field] = selectionSet.selections;
  if (field?.kind !== Kind.FIELD) throw new TypeError("No field");
  return field;
}

function coerced(source: string, inputs: Record<string, unknown>): Variables {
  const result = coerceVariables(schema, operationOf(source), inputs);
  if ("errors" in result) throw new TypeError(result.errors.join());
  return result;
}

function variablesText(source: string, inputs: Record<string, unknown>): string | undefined {
  return canonicalVariables(operationOf(source), coerced(source, inputs).coerced);
}

describe("coerced variables", () => {
  it("are a plain record, with defaults filled in", () => {
    const source = "query ($w: Where, $n: Int = 4, $none: Int) { list(where: $w, n: $n) }";
    expect({ ...coerced(source, { w: { id: 7 }, unknown: 1 }).coerced }).toEqual({
      w: { id: "7", limit: 10 },
      n: 4,
    });
  });

  it("are understood by graphql-js's own functions", () => {
    const operation = operationOf("query ($w: Where, $yes: Boolean!) { list(where: $w) @include(if: $yes) }");
    const result = coerceVariables(schema, operation, { w: { id: 7 }, yes: false });
    const list = schema.getQueryType()?.getFields()["list"];
    if ("errors" in result || !list) throw new TypeError("Nothing to test");
    expect({ ...getArgumentValues(list, fieldOf(operation), result.values) }).toEqual({
      where: { id: "7", limit: 10 },
      n: 3,
    });
    expect({
      ...getDirectiveValues(GraphQLIncludeDirective, fieldOf(operation), result.values),
    }).toEqual({ if: false });
  });

  it("that are missing or wrong are errors, one for each", () => {
    const operation = operationOf("query ($a: Int!, $b: Int!) { list(n: $a) x: list(n: $b) }");
    expect(coerceVariables(schema, operation, { b: "four" })).toMatchObject({
      errors: [
        { message: expect.stringContaining("$a"), extensions: { code: "BAD_USER_INPUT" } },
        { message: expect.stringContaining("$b"), extensions: { code: "BAD_USER_INPUT" } },
      ],
    });
  });

  it("do not tell the schema's names when suggestions are hidden", () => {
    const operation = operationOf("query ($w: Where, $c: Color) { list(where: $w) }");
    const inputs = { w: { limt: 1, color: "REDD" }, c: "GREE" };
    const messages = (hide: boolean) => {
      const result = coerceVariables(schema, operation, inputs, hide);
      return "errors" in result ? result.errors.map(({ message }) => message).join("\n") : "";
    };
    expect(messages(false)).toContain('Did you mean "limit"?');
    expect(messages(false)).toContain('Did you mean the enum value "RED"?');
    expect(messages(true)).not.toContain("Did you mean");
    expect(messages(true)).toContain("limt");
  });

  it("are refused in linear time, whatever text they have", () => {
    // Two million characters: a search that goes back for each repetition takes minutes.
    const text = " Did you mean".repeat(160_000);
    const operation = operationOf("query ($n: Int) { list(n: $n) }");
    expect(coerceVariables(schema, operation, { n: text }, true)).toMatchObject({
      errors: [{ extensions: { code: "BAD_USER_INPUT" } }],
    });
  });

  it("are not quoted at length (PROTOCOL 6.7)", () => {
    const operation = operationOf("query ($n: Int) { list(n: $n) }");
    const result = coerceVariables(schema, operation, { n: "9".repeat(100_000) });
    const [message = ""] = "errors" in result ? result.errors.map((error) => error.message) : [];
    expect(message).toMatch(/^Variable "\$n" .*9…$/);
    expect(message).toHaveLength(1_000);
  });
});

/** Values as they arrive from a client. */
function json(): fc.Arbitrary<unknown> {
  return fc.json().map((text): unknown => JSON.parse(text));
}

describe("the canonical text", () => {
  it("does not depend on the order of keys", () => {
    expect(canonical({ b: [1, { d: 1, c: 2 }], a: 1 })).toBe(canonical({ a: 1, b: [1, { c: 2, d: 1 }] }));
  });

  it("is the same for a record with and without a prototype", () => {
    expect(canonical(Object.assign(Object.create(null), { a: 1 }))).toBe(canonical({ a: 1 }));
  });

  it("differs for values that differ", () => {
    const values: readonly unknown[] = [
      1, "1", 1n, "1n", 0, -0, Number.NaN, "NaN", Infinity, -Infinity, 1e21, 0.1,
      null, "null", undefined, "undefined", true, "true", false, "",
      {}, [], "{}", "[]", [[]], [{}], { a: {} }, { a: [] },
      { a: 1 }, { a: "1" }, { a: null }, { a: undefined }, { b: 1 }, { a: 1, b: 1 },
      { a: { b: 1 } }, { "a.b": 1 }, { 'a":1,"b': 1 }, [1, 2], ["1,2"], [12], [null], [undefined], [[1], 2], [[1, 2]],
      JSON.parse('{"__proto__": 1}'), JSON.parse('{"__proto__": {"a": 1}}'), { constructor: 1 },
      new Date(0), new Date(1), new Date(Number.NaN), "Date(0)", "1970-01-01T00:00:00.000Z", 0.5,
      "\ud800", "\udfff", "é", "e\u0301",
    ]; // prettier-ignore
    const texts = values.map(canonical);
    expect(texts).not.toContain(undefined);
    expect(new Set(texts).size).toBe(values.length);
  });

  it("differs for any two values of JSON that differ, and is the same for any two that do not", () => {
    fc.assert(
      fc.property(json(), json(), (left, right) => {
        const equal = isDeepStrictEqual(left, right);
        expect(canonical(left) === canonical(right)).toBe(equal);
        expect(canonical(left)).toBe(canonical(structuredClone(left)));
      }),
    );
  });

  class Money {
    readonly amount = 5;
  }

  it.each<{ what: string; value: unknown }>([
    { what: "a function", value: () => 1 },
    { what: "a symbol", value: Symbol("s") },
    { what: "an instance of a class", value: new Money() },
    { what: "a map", value: new Map([["a", 1]]) },
    { what: "a set", value: new Set([1]) },
    { what: "bytes", value: new Uint8Array(1) },
    { what: "a boxed number", value: Object(1) },
    { what: "a pattern", value: /a/ },
    { what: "an error", value: new Error("e") },
    { what: "a promise", value: Promise.resolve(1) },
    { what: "a date with more to it", value: Object.assign(new Date(0), { zone: "UTC" }) },
    { what: "a date of a class of its own", value: new (class extends Date {})(0) },
    { what: "an array with a hole", value: Object.assign([], { length: 1 }) },
    { what: "an array with more to it", value: Object.assign([1], { more: 1 }) },
    { what: "an array of a class of its own", value: new (class extends Array {})() },
    { what: "a record with a symbol", value: { [Symbol("s")]: 1 } },
    {
      what: "a record with a hidden property",
      value: Object.defineProperty({}, "a", { value: 1 }),
    },
    { what: "a record that inherits", value: Object.create({ a: 1 }) },
  ])("does not exist for $what, wherever it is", ({ value }) => {
    expect(canonical(value)).toBeUndefined();
    expect(canonical({ a: [1, { b: value }] })).toBeUndefined();
  });

  it("does not exist for what never ends, and finding out takes no time", () => {
    const self: Record<string, unknown> = {};
    self["a"] = self;
    self["b"] = self;
    expect(canonical(self)).toBeUndefined();
    let deep: unknown = 1;
    for (let depth = 0; depth < 100_000; depth++) deep = [deep];
    expect(canonical(deep)).toBeUndefined();
    let wide: unknown = 1;
    for (let depth = 0; depth < 50; depth++) wide = { a: wide, b: wide };
    expect(canonical(wide)).toBeUndefined();
  });

  it("tells operations apart whose variable is called __proto__, or does not exist", () => {
    const source = "query ($__proto__: Where) { list(where: $__proto__) }";
    const texts = [1, 2].map((id) => variablesText(source, JSON.parse(`{"__proto__": {"id": ${id}}}`)));
    expect(texts[0] === undefined || texts[0] !== texts[1]).toBe(true);
  });
});

describe("the canonical text of an operation's variables", () => {
  const source = "query ($a: Where, $b: Where, $c: Int) { list(where: $a, n: $c) x: list(where: $b) }";

  it("does not depend on the order in which a client gives them, nor on others that it gives", () => {
    const text = variablesText(source, { a: { id: 1 }, b: { limit: 2 }, c: 3 });
    expect(variablesText(source, { c: 3, d: 4, b: { limit: 2 }, a: { id: 1 } })).toBe(text);
  });

  it("tells apart a value, null and none, and which variable has it", () => {
    const given = [{}, { a: null }, { b: null }, { a: null, b: null }, { c: null }, { c: 1 }, { a: { id: "1" } }];
    const texts = [...given, { b: { id: "1" } }, { a: { id: "," } }].map((inputs) => variablesText(source, inputs));
    expect(texts).not.toContain(undefined);
    expect(new Set(texts).size).toBe(given.length + 2);
  });

  it("is the same for any two that are equal, and for no others", () => {
    const where = fc.option(fc.record({ id: fc.string(), any: json() }, { requiredKeys: [] }));
    const inputs = fc.record({ a: where, b: where, c: fc.option(fc.integer()) }, { requiredKeys: [] });
    const property = fc.property(inputs, inputs, (left, right) => {
      const [one, other] = [left, right].map((given) => coerced(source, given).coerced);
      const equal = isDeepStrictEqual({ ...one }, { ...other });
      expect(variablesText(source, left) === variablesText(source, right)).toBe(equal);
      expect(variablesText(source, structuredClone(left))).toBe(variablesText(source, left));
    });
    fc.assert(property);
  });

  it("does not exist where one of them has none", () => {
    const operation = operationOf(source);
    expect(canonicalVariables(operation, { a: () => {}, c: 1 })).toBeUndefined();
    expect(canonicalVariables(operation, { a: { deep: [new Map()] }, c: 1 })).toBeUndefined();
    expect(canonicalVariables(operation, { a: { deep: [1] }, c: 1 })).toBeDefined();
  });
});
