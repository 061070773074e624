import {
  buildSchema,
  defaultFieldResolver,
  execute,
  getOperationAST,
  GraphQLError,
  type GraphQLFieldResolver,
  isEnumType,
  isObjectType,
  isScalarType,
  parse,
  type ExecutionResult,
  type GraphQLSchema,
} from "graphql";
import { describe, expect, it, vi } from "vitest";
import { shareable } from "../../../src/declare/shareable.ts";
import { coerceVariables } from "../../../src/engine/document/variables.ts";
import type { Reads } from "../../../src/engine/walk/reads.ts";
import { compileWalk, type Walk } from "../../../src/engine/walk/walk.ts";

const sdl = `
  type Query { hi: String }
  type Subscription { message(room: String): Message, sure: Message!, list: [Message!], text: String, named: Named, float: Float }
  type Message {
    id: ID!, text: String, author: User!, editor: User, tags: [String!]!, grid: [[Int]], count: Int, ratio: Float, open: Boolean
    at: Stamp, color: Color, thread: [Message], shout(suffix: String = "!", times: Int!): String, where(in: Where): String
  }
  type User implements Named { id: ID!, name: String! }
  interface Named { name: String! }
  scalar Stamp
  enum Color { RED GREEN }
  input Where { a: Int = 1, b: [Int] }
`;

type Resolve = GraphQLFieldResolver<Record<string, unknown>, unknown>;

/** A schema whose fields have the given resolvers, by coordinate. */
function schemaWith(resolvers: Readonly<Record<string, Resolve>> = {}): GraphQLSchema {
  const schema = buildSchema(sdl);
  for (const [coordinate, resolve] of Object.entries(resolvers)) {
    const [typeName = "", fieldName = ""] = coordinate.split(".");
    const type = schema.getType(typeName);
    const field = isObjectType(type) ? type.getFields()[fieldName] : undefined;
    if (!field) throw new TypeError(`No ${coordinate}`);
    field.resolve = resolve;
  }
  return schema;
}

function compile(schema: GraphQLSchema, source: string, variables: Record<string, unknown> = {}): Walk | undefined {
  const document = parse(source);
  const operation = getOperationAST(document);
  if (!operation) throw new TypeError("No operation");
  const coerced = coerceVariables(schema, operation, variables);
  if ("errors" in coerced) throw new TypeError(coerced.errors.join());
  return compileWalk(schema, document, operation, coerced.values);
}

function walkOf(schema: GraphQLSchema, source: string, variables: Record<string, unknown> = {}): Walk {
  const walk = compile(schema, source, variables);
  if (!walk) throw new TypeError("Not covered");
  return walk;
}

/** What graphql-js says; the root field is the last one called. */
function graphqlText(
  schema: GraphQLSchema,
  source: string,
  event: unknown,
  variables: Record<string, unknown> = {},
): string {
  const fields = ["message", "sure", "list", "text", "named", "float"];
  const rootValue = Object.fromEntries(fields.map((field) => [field, event]));
  const result = execute({
    schema,
    document: parse(source),
    rootValue,
    variableValues: variables,
    contextValue: { viewer: "ann" },
  });
  return JSON.stringify(result satisfies ExecutionResult | Promise<ExecutionResult>);
}

const message = {
  id: 1,
  text: 'She said: "naïve" \u2028 \ud83d\ude00 \ud800\n',
  author: { id: "a", name: "Ann" },
  editor: null,
  tags: ["x", "y"],
  grid: [[1, null], null, []],
  count: -0,
  ratio: 1e21,
  open: false,
  thread: [{ id: 2, author: { id: "b", name: "Bob" }, tags: [] }, null],
};

describe("a walk writes the bytes of graphql-js", () => {
  it.each<{ what: string; source: string; event?: unknown; variables?: Record<string, unknown> }>([
    {
      what: "for objects, lists and scalars",
      source: "subscription { message { id text author { id name } editor { id } tags grid count ratio open } }",
    },
    {
      what: "for a list at the root",
      source: "subscription { list { id } }",
      event: [message, message],
    },
    { what: "for a leaf at the root", source: "subscription { text }", event: "hello" },
    { what: "for null at the root", source: "subscription { message { id } }", event: null },
    {
      what: "for nothing at the root",
      source: "subscription { message { id } }",
      event: undefined,
    },
    {
      what: "for an empty object",
      source: "subscription { message { text author @skip(if: true) { id } thread { id } } }",
      event: {},
    },
    { what: "for an alias of the root field", source: "subscription { other: message { id } }" },
    {
      what: "for aliases that mean something to JavaScript",
      source:
        "subscription { __proto__: message { constructor: id __proto__: text toString: id toJSON: id then: id } }",
    },
    {
      what: "for __typename, wherever it stands",
      source:
        "subscription { message { __typename id x: __typename author { __typename } editor { __typename } y: __typename } }",
    },
    { what: "for __typename alone", source: "subscription { message { __typename } }" },
    {
      what: "when nothing is left to select",
      source: "subscription { message { id @skip(if: true) } }",
    },
    {
      what: "for equal response names",
      source:
        "subscription { message { author { id } id author { name } thread { id } thread { author { name } } id } }",
    },
    {
      what: "for fragments with and without a type",
      source:
        "subscription { ... { ...A } } fragment A on Subscription { message { ...B ... on Message { text } ... { tags } } } fragment B on Message { author { ... on Named { name } ...C } } fragment C on User { id }",
    },
    {
      what: "for a fragment that comes twice",
      source: "subscription { message { ...A count ...A } } fragment A on Message { id text }",
    },
    {
      what: "for conditions",
      source:
        "subscription ($yes: Boolean!, $no: Boolean = false) { message { id @include(if: $yes) text @skip(if: $yes) tags @include(if: $no) ... @skip(if: $no) { count } ...A @include(if: $no) author @skip(if: false) @include(if: true) { id } } } fragment A on Message { ratio }",
      variables: { yes: true },
    },
    {
      what: "for values that scalars convert",
      source: "subscription { message { id text count ratio open tags } }",
      event: { id: 7, text: 5, count: "12", ratio: true, open: 1, tags: [true, 1.5] },
    },
    {
      what: "for a list of lists of objects in lists",
      source: "subscription { message { thread { thread { id } } } }",
      event: { thread: [{ thread: [{ id: 1 }] }, { thread: [] }, { thread: null }] },
    },
    {
      what: "for objects of classes",
      source: "subscription { message { author { name } } }",
      event: {
        author: new (class {
          get name() {
            return "Ann";
          }
        })(),
      },
    },
    {
      what: "for objects without a prototype",
      source: "subscription { message { author { name } } }",
      event: { author: Object.assign(Object.create(null), { name: "Ann" }) },
    },
    {
      what: "for a very long string",
      source: "subscription { text }",
      event: `"${"é\u0007".repeat(1000)}`,
    },
  ])("$what", ({ source, variables, ...rest }) => {
    const event = "event" in rest ? rest.event : message;
    const schema = schemaWith();
    expect(walkOf(schema, source, variables)(event)).toBe(graphqlText(schema, source, event, variables));
  });

  it("for every character of the basic plane", () => {
    const schema = schemaWith();
    const walk = walkOf(schema, "subscription { text }");
    const characters = Array.from({ length: 0x10000 }, (_, unit) => String.fromCharCode(unit));
    expect(characters.filter((text) => walk(text) !== JSON.stringify({ data: { text } }))).toEqual([]);
    expect(walk("\ud83d\ude00")).toBe('{"data":{"text":"\ud83d\ude00"}}');
  });

  it("for scalars and enums of the schema", () => {
    const schema = schemaWith();
    const [stamp, color] = [schema.getType("Stamp"), schema.getType("Color")];
    if (!isScalarType(stamp) || !isEnumType(color)) throw new TypeError("Nothing to test");
    const outputs: readonly unknown[] = [
      "text",
      5,
      true,
      new Date(0),
      { a: [1, { b: null }] },
      [new Date(Number.NaN)],
      Object("boxed"),
    ];
    for (const output of outputs) {
      Object.assign(stamp, { coerceOutputValue: () => output, serialize: () => output });
      const source = "subscription { message { at color } }";
      const event = { at: "x", color: "GREEN" };
      expect(walkOf(schema, source)(event)).toBe(graphqlText(schema, source, event));
    }
  });

  it("for shareable resolvers, with their arguments", () => {
    const schema = schemaWith({
      "Message.shout": shareable(
        ({ text }, { times, suffix }) => `${String(text)}${String(suffix).repeat(Number(times))}`,
      ),
      "Message.where": shareable((_, args) => JSON.stringify(args)),
      "Message.author": shareable(() => ({ id: 1, name: "Ann" })),
      "User.name": defaultFieldResolver,
    });
    const source =
      'subscription ($n: Int!, $b: [Int]) { message { shout(times: $n) x: shout(times: 1, suffix: "?") where(in: { b: $b }) y: where author { name } } }';
    const variables = { n: 3, b: [1] };
    expect(walkOf(schema, source, variables)(message)).toBe(graphqlText(schema, source, message, variables));
  });
});

function refuse(): never {
  throw new Error("Sorry");
}

describe("A walk that is compiled after a schema's resolvers were wrapped in place", () => {
  it("calls the new ones, whatever was compiled for another server before", () => {
    const schema = schemaWith();
    const source = "subscription { message { id text } }";
    const event = { id: "1", text: "secret" };
    expect(walkOf(schema, source)(event)).toBe('{"data":{"message":{"id":"1","text":"secret"}}}');
    const type = schema.getType("Message");
    const field = isObjectType(type) ? type.getFields()["text"] : undefined;
    if (field) field.resolve = shareable(() => "hidden");
    expect(walkOf(schema, source)(event)).toBe('{"data":{"message":{"id":"1","text":"hidden"}}}');
  });
});

describe("a walk leaves to graphql-js", () => {
  const odd: readonly { what: string; source: string; event: unknown }[] = [
    {
      what: "a null at a root that may not be null",
      source: "subscription { sure { id } }",
      event: null,
    },
    {
      what: "a null where none may be",
      source: "subscription { message { id author { id } } }",
      event: { id: 1, author: null },
    },
    {
      what: "a missing property where none may be",
      source: "subscription { message { author { name } } }",
      event: { author: {} },
    },
    {
      what: "a null in a list of things that are not null",
      source: "subscription { message { tags } }",
      event: { tags: ["a", null] },
    },
    {
      what: "an error as the root value",
      source: "subscription { message { id } }",
      event: new Error("Sorry"),
    },
    {
      what: "an error as a property",
      source: "subscription { message { text } }",
      event: { text: new GraphQLError("Sorry") },
    },
    {
      what: "an error in a list",
      source: "subscription { message { thread { id } } }",
      event: { thread: [new Error("Sorry")] },
    },
    { what: "a method", source: "subscription { message { text } }", event: { text: () => "hi" } },
    {
      what: "a method that answers an object",
      source: "subscription { message { editor { name } } }",
      event: { editor: () => ({ name: "Ann" }) },
    },
    {
      what: "a property that throws",
      source: "subscription { message { text } }",
      event: {
        get text() {
          throw new Error("Sorry");
        },
      },
    },
    {
      what: "a set for a list",
      source: "subscription { message { tags } }",
      event: { tags: new Set(["a"]) },
    },
    {
      what: "an array that iterates in its own way",
      source: "subscription { message { tags } }",
      event: { tags: Object.assign(["a"], { [Symbol.iterator]: () => ["b", "c"].values() }) },
    },
    {
      what: "a string for a list",
      source: "subscription { message { tags } }",
      event: { tags: "a" },
    },
    {
      what: "a string for an object",
      source: "subscription { message { editor { id } } }",
      event: { editor: "Ann" },
    },
    {
      what: "a number no Int can hold",
      source: "subscription { message { count } }",
      event: { count: 2 ** 31 },
    },
    {
      what: "a fraction for an Int",
      source: "subscription { message { count } }",
      event: { count: 1.5 },
    },
    { what: "NaN", source: "subscription { float }", event: Number.NaN },
    { what: "Infinity", source: "subscription { float }", event: -Infinity },
    { what: "a symbol", source: "subscription { text }", event: Symbol("s") },
    { what: "an object for a String", source: "subscription { text }", event: {} },
    {
      what: "an enum's unknown value",
      source: "subscription { message { color } }",
      event: { color: "BLUE" },
    },
  ];

  it.each(odd)("$what", ({ source, event }) => {
    const schema = schemaWith();
    expect(walkOf(schema, source)(event)).toBeUndefined();
  });

  it.each<{ what: string; output: unknown }>([
    { what: "nothing", output: undefined },
    { what: "null", output: null },
    { what: "NaN", output: Number.NaN },
    { what: "a bigint", output: 1n },
    { what: "a function", output: () => 1 },
    { what: "a symbol", output: Symbol("s") },
    { what: "an object that knows its own JSON", output: { toJSON: (key: string) => key } },
    { what: "an object that cannot be written", output: { a: 1n } },
    { what: "a promise", output: Promise.resolve(1) },
  ])("a scalar that answers $what", ({ output }) => {
    const schema = schemaWith();
    Object.assign(schema.getType("Stamp") ?? {}, {
      coerceOutputValue: () => output,
      serialize: () => output,
    });
    expect(walkOf(schema, "subscription { message { at } }")({ at: 1 })).toBeUndefined();
  });

  it("a scalar that throws", () => {
    const schema = schemaWith();
    Object.assign(schema.getType("Stamp") ?? {}, { coerceOutputValue: refuse, serialize: refuse });
    expect(walkOf(schema, "subscription { message { at } }")({ at: 1 })).toBeUndefined();
  });

  it("a resolver that throws, and walks the next event again", () => {
    const resolve = shareable(({ text }: Record<string, unknown>) => {
      if (text === undefined) throw new Error("Sorry");
      return "fine";
    });
    const walk = walkOf(schemaWith({ "Message.text": resolve }), "subscription { message { text } }");
    expect(walk({})).toBeUndefined();
    expect(walk({ text: "x" })).toBe('{"data":{"message":{"text":"fine"}}}');
  });

  it("a resolver that changes its arguments", () => {
    const resolve: Resolve = shareable((_: unknown, args: Record<string, unknown>) => {
      args["times"] = Number(args["times"]) + 1;
      return args["times"];
    });
    const walk = walkOf(schemaWith({ "Message.shout": resolve }), "subscription { message { shout(times: 1) } }");
    expect([walk({}), walk({})]).toEqual([undefined, undefined]);
  });

  it("a resolver that changes what is inside its arguments, without changing the operation's variables", () => {
    const resolve: Resolve = shareable((_: unknown, args: Record<string, unknown>) => {
      Reflect.get(Object(args["in"]), "b").push(1);
      return "fine";
    });
    const schema = schemaWith({ "Message.where": resolve });
    const variables = { in: { b: [1] } };
    const walk = walkOf(schema, "subscription ($in: Where) { message { where(in: $in) } }", variables);
    expect(walk({})).toBeUndefined();
    expect(Object.isFrozen(variables.in)).toBe(false);
  });
});

function viewerOf(context: unknown): unknown {
  return Reflect.get(Object(context), "viewer");
}

function fail(): Promise<never> {
  return Promise.reject(new Error("Nobody hears this"));
}

const liar: Resolve = (source, _, context) => `${String(source["text"])} for ${String(viewerOf(context))}`;
const swallower: Resolve = (_, __, context) => {
  try {
    return viewerOf(context);
  } catch {
    return "nobody";
  }
};

describe("a walk gives up for good", () => {
  it.each<{ what: string; resolve: Resolve }>([
    {
      what: "reads the context",
      resolve: shareable((...[, , context]) => Reflect.get(Object(context), "viewer")),
    },
    {
      what: "looks whether something is in the context",
      resolve: shareable((...[, , context]) => String("viewer" in Object(context))),
    },
    {
      what: "lists the context",
      resolve: shareable((...[, , context]) => Object.keys(Object(context)).join()),
    },
    {
      what: "copies the context",
      resolve: shareable((...[, , context]) => JSON.stringify({ ...Object(context) })),
    },
    {
      what: "asks what the context is",
      resolve: shareable((...[, , context]) => String(context instanceof Map)),
    },
    {
      what: "writes to the context",
      resolve: shareable((...[, , context]) => Reflect.set(Object(context), "a", 1)),
    },
    {
      what: "reads the info",
      resolve: shareable((...[, , , info]) => Reflect.get(Object(info), "fieldName")),
    },
  ])("when a shareable resolver $what", ({ resolve }) => {
    const walk = walkOf(schemaWith({ "Message.text": resolve }), "subscription { message { id text } }");
    expect(walk(message)).toBeUndefined();
    expect(walk(message)).toBeUndefined();
  });

  it("when a resolver lies, even if it hides the error", () => {
    for (const resolve of [liar, swallower]) {
      const seen = vi.fn<Resolve>(resolve);
      const schema = schemaWith({ "Message.text": shareable(seen) });
      const walk = walkOf(schema, "subscription { message { text } }");
      expect([walk(message), walk(message)]).toEqual([undefined, undefined]);
      expect(seen).toHaveBeenCalledTimes(1);
    }
  });

  it("when a resolver lied only later, after its answer", async () => {
    let late: unknown;
    const resolve = vi.fn<Resolve>((_, __, context) => {
      late = context;
      return "early";
    });
    const walk = walkOf(schemaWith({ "Message.text": shareable(resolve) }), "subscription { message { text } }");
    expect(walk(message)).toBe('{"data":{"message":{"text":"early"}}}');
    viewerOf(late);
    expect(walk(message)).toBeUndefined();
    expect(resolve).toHaveBeenCalledTimes(1);
  });

  it("when a promise turns up, so that resolvers are not called twice for every event", () => {
    const resolve = vi.fn<Resolve>(() => Promise.resolve("later"));
    const walk = walkOf(schemaWith({ "Message.text": shareable(resolve) }), "subscription { message { text } }");
    expect([walk(message), walk(message)]).toEqual([undefined, undefined]);
    expect(resolve).toHaveBeenCalledTimes(1);
  });

  it("and leaves no rejection unheard", async () => {
    const answers: readonly (() => unknown)[] = [
      fail,
      () => [fail(), fail()],
      () => [
        {
          get id() {
            throw new Error("Sorry");
          },
        },
        fail(),
      ],
      () => [{ id: fail(), text: fail() }],
    ];
    const unheard = vi.fn<(reason: unknown) => void>();
    process.on("unhandledRejection", unheard);
    for (const answer of answers) {
      const schema = schemaWith({ "Message.thread": shareable(answer) });
      expect(walkOf(schema, "subscription { message { thread { id text } } }")(message)).toBeUndefined();
    }
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", unheard);
    expect(unheard).not.toHaveBeenCalled();
  });
});

const counting = () => {
  const counts = new Map<string, number>();
  const count = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  const event = {
    get id() {
      count("id");
      return `id ${counts.get("id")}`;
    },
    get count() {
      count("count");
      return "no number";
    },
    get editor() {
      count("editor");
      throw new Error("not selected");
    },
  };
  return { counts, event };
};

describe("a walk that gives up tells what it has read", () => {
  it("so that no property is read twice, and none that is not selected", () => {
    const { counts, event } = counting();
    let reads: Reads | undefined;
    const walk = walkOf(schemaWith(), "subscription { message { id again: id count text } }");
    expect(walk(event, (given) => (reads = given))).toBeUndefined();
    expect([...counts]).toEqual([
      ["id", 2],
      ["count", 1],
    ]);
    expect(["id", "id", "count", "id"].map((name) => reads?.take(event, name))).toEqual([
      "id 1",
      "id 2",
      "no number",
      "id 3",
    ]);
  });

  it("with the error of a property that threw", () => {
    const { counts, event } = counting();
    let reads: Reads | undefined;
    const walk = walkOf(schemaWith(), "subscription { message { editor { id } id } }");
    expect(walk(event, (given) => (reads = given))).toBeUndefined();
    expect(() => reads?.take(event, "editor")).toThrow("not selected");
    expect([...counts]).toEqual([["editor", 1]]);
  });

  it("and calls no `then` that may start something", () => {
    const start = vi.fn<() => void>();
    const lazy = new Proxy({}, { get: (_, key) => (key === "then" ? start : undefined) });
    const walk = walkOf(schemaWith(), "subscription { message { author { id } } }");
    expect(walk({ author: lazy, editor: lazy })).toBeUndefined();
    expect(start).not.toHaveBeenCalled();
  });
});

describe("a walk is not compiled", () => {
  it.each<{
    when: string;
    source: string;
    schema?: GraphQLSchema;
    variables?: Record<string, unknown>;
  }>([
    { when: "for an interface", source: "subscription { named { name } }" },
    {
      when: "for a resolver that is not shareable",
      source: "subscription { message { text } }",
      schema: schemaWith({ "Message.text": () => "mine" }),
    },
    {
      when: "for an async resolver",
      source: "subscription { message { text } }",
      schema: schemaWith({ "Message.text": shareable(async () => "later") }),
    },
    { when: "for several root fields", source: "subscription { message { id } text }" },
    {
      when: "when the root field is left out",
      source: "subscription { message @skip(if: true) { id } }",
    },
    { when: "for __typename at the root", source: "subscription { __typename }" },
    { when: "for deferred fragments", source: "subscription { message { ... @defer { id } } }" },
    {
      when: "for fragments that are deferred further down",
      source: "subscription { message { author { ...A @defer(if: false) } } } fragment A on User { id }",
    },
    { when: "for wrong arguments", source: "subscription { message { shout(times: null) } }" },
    {
      when: "for missing arguments, at the root too",
      source: "subscription { message(room: 5) { id } }",
    },
    {
      when: "for a variable without a value",
      source: "subscription ($n: Int) { message { shout(times: $n) } }",
    },
    {
      when: "for a condition without a value",
      source: "subscription ($yes: Boolean) { message { id @include(if: $yes) } }",
    },
    { when: "for an unknown field", source: "subscription { message { nope } }" },
    { when: "for an unknown fragment", source: "subscription { message { ...Nope } }" },
    { when: "for an operation the schema does not have", source: "mutation { message { id } }" },
  ])("$when", ({ source, schema = schemaWith(), variables }) => {
    expect(compile(schema, source, variables)).toBeUndefined();
  });

  it("for a type that judges its values", () => {
    const schema = schemaWith();
    Object.assign(schema.getType("User") ?? {}, { isTypeOf: () => true });
    expect(compile(schema, "subscription { message { author { id } } }")).toBeUndefined();
    expect(compile(schema, "subscription { message { id } }")).toBeDefined();
  });

  it("for a selection that nested fragments make endless", () => {
    const fragments = Array.from(
      { length: 40 },
      (_, index) => `fragment F${index} on Message { thread { ...F${index + 1} } x: thread { ...F${index + 1} } }`,
    );
    const source = `subscription { message { ...F0 } } ${fragments.join(" ")} fragment F40 on Message { id }`;
    expect(compile(schemaWith(), source)).toBeUndefined();
  });
});
