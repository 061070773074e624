import { buildSchema, GraphQLError, Kind, print } from "graphql";
import { describe, expect, it } from "vitest";
import { FanfareError } from "../../../src/base/error.ts";
import { Document, DocumentCache, type DocumentErrors } from "../../../src/engine/document/document.ts";

const schema = buildSchema(`
  type Query { hi: String, room(name: String): String }
  type Subscription { messageAdded(room: String!): Message! }
  type Message { id: ID!, text: String! }
`);

function document(cache: DocumentCache, source: string): Document {
  const result = cache.get(source);
  if (result instanceof Document) return result;
  throw new TypeError(result.errors.join());
}

function errors(cache: DocumentCache, source: string): DocumentErrors["errors"] {
  const result = cache.get(source);
  if (result instanceof Document) throw new TypeError("The document is valid");
  return result.errors;
}

describe("a document", () => {
  it("carries its source and its syntax tree", () => {
    const { source, ast } = document(new DocumentCache(schema), "{ hi }");
    expect(source).toBe("{ hi }");
    expect(print(ast)).toBe("{\n  hi\n}");
  });

  it("has the same digest in every formatting", () => {
    const cache = new DocumentCache(schema);
    const compact = document(cache, "subscription($r:String!){messageAdded(room:$r){id}}");
    const spacious = document(
      cache,
      "subscription ($r: String!) {\n  # a comment\n  messageAdded(room: $r), { id }\n}",
    );
    expect(spacious.digest).toBe(compact.digest);
  });

  it("stays different where a string differs by a blank", () => {
    const cache = new DocumentCache(schema);
    expect(document(cache, '{room(name:"a b")}').digest).not.toBe(document(cache, '{room(name:"a  b")}').digest);
  });

  describe("selects its operation", () => {
    const two = "query A { hi } query B { room }";

    it("by name", () => {
      expect(document(new DocumentCache(schema), two).operation("B")).toMatchObject({
        kind: Kind.OPERATION_DEFINITION,
        name: { value: "B" },
      });
    });

    it("without a name, when there is only one", () => {
      expect(document(new DocumentCache(schema), "query A { hi }").operation(undefined)).toMatchObject({
        name: { value: "A" },
      });
    });

    it.each([
      {
        source: two,
        name: undefined,
        message: "Must provide operation name if query contains multiple operations.",
      },
      { source: two, name: "C", message: 'Unknown operation named "C".' },
      { source: "{ hi }", name: "C", message: 'Unknown operation named "C".' },
      { source: "{ hi }", name: "", message: 'Unknown operation named "".' },
    ])("and says of $name in $source: $message", ({ source, name, message }) => {
      const operation = document(new DocumentCache(schema), source).operation(name);
      expect(operation).toBeInstanceOf(GraphQLError);
      expect(operation).toMatchObject({
        message,
        extensions: { code: "OPERATION_RESOLUTION_FAILURE" },
      });
    });
  });
});

describe("a document cache", () => {
  it("reads each source once", () => {
    const cache = new DocumentCache(schema);
    expect(cache.get("{ hi }")).toBe(cache.get("{ hi }"));
    expect(cache.get("{ nope }")).toBe(cache.get("{ nope }"));
    expect(cache.get("{ hi")).toBe(cache.get("{ hi"));
  });

  it("forgets the document that was used longest ago", () => {
    const cache = new DocumentCache(schema, { maxEntries: 2 });
    const [first, second] = [cache.get("{ hi }"), cache.get("query A { hi }")];
    cache.get("{ hi }");
    cache.get("query B { hi }");
    expect(cache.get("{ hi }")).toBe(first);
    expect(cache.get("query A { hi }")).not.toBe(second);
  });

  it("counts a document by what it takes parsed, not by its source", () => {
    const cache = new DocumentCache(schema, { maxBytes: 30 * 512 });
    const [small, large] = ["{ hi }", `{ ${"hi ".repeat(29)} }`];
    expect(cache.get(small)).toBe(cache.get(small));
    expect(cache.get(large)).not.toBe(cache.get(large));
  });

  it("keeps nothing with a bound of 0", () => {
    const cache = new DocumentCache(schema, { maxEntries: 0 });
    expect(cache.get("{ hi }")).not.toBe(cache.get("{ hi }"));
    expect(cache.get("{ hi")).not.toBe(cache.get("{ hi"));
  });

  it("does not give up good documents for bad ones", () => {
    const cache = new DocumentCache(schema, { maxEntries: 10 });
    const good = cache.get("{ hi }");
    for (let index = 0; index < 100; index++) {
      cache.get(`{ syntax error ${index}`);
      cache.get(`{ unknown${index} }`);
    }
    expect(cache.get("{ hi }")).toBe(good);
  });

  it("gives bad documents a tenth of the room", () => {
    const cache = new DocumentCache(schema, { maxEntries: 20 });
    const bad = cache.get("{ a");
    cache.get("{ b");
    expect(cache.get("{ a")).toBe(bad);
    cache.get("{ b");
    cache.get("{ c");
    expect(cache.get("{ a")).not.toBe(bad);
  });

  it.each([{ maxEntries: -1 }, { maxEntries: Number.NaN }, { maxBytes: -1 }, { maxBytes: Number.NaN }])(
    "refuses the option %o",
    (options) => {
      expect(() => new DocumentCache(schema, options)).toThrow(FanfareError);
    },
  );
});

describe("errors of a document", () => {
  it("say where the syntax is wrong", () => {
    expect(errors(new DocumentCache(schema), "{ hi")).toMatchObject([
      {
        message: "Syntax Error: Expected Name, found <EOF>.",
        locations: [{ line: 1, column: 5 }],
        extensions: { code: "GRAPHQL_PARSE_FAILED" },
      },
    ]);
  });

  it("say what is not valid", () => {
    expect(errors(new DocumentCache(schema), "{ hello }")).toMatchObject([
      {
        message: 'Cannot query field "hello" on type "Query".',
        locations: [{ line: 1, column: 3 }],
        extensions: { code: "GRAPHQL_VALIDATION_FAILED" },
      },
    ]);
  });

  it("are at most twenty and a word about the rest", () => {
    const fields = Array.from({ length: 30 }, (_, index) => `x${index}`).join(" ");
    const found = errors(new DocumentCache(schema), `{ ${fields} }`);
    expect(found).toHaveLength(21);
    expect(found.at(-1)?.message).toContain("Too many validation errors");
  });

  it("come from further rules, too, with the code those give", () => {
    const rules = [
      () => ({
        Name: () => undefined,
      }),
      (context: { reportError(error: GraphQLError): void }) => ({
        OperationDefinition: () =>
          context.reportError(new GraphQLError("Not today", { extensions: { code: "CLOSED" } })),
      }),
    ];
    expect(errors(new DocumentCache(schema, { rules }), "{ hi }")).toMatchObject([
      { message: "Not today", extensions: { code: "CLOSED" } },
    ]);
  });
});

describe("without introspection", () => {
  const closed = new DocumentCache(schema, { introspection: false });

  it.each([
    "{ __schema { description } }",
    '{ __type(name: "Query") { name } }',
    "{ ...F } fragment F on Query { __schema { description } }",
  ])("%s is refused", (source) => {
    const [error] = errors(closed, source);
    expect(error?.message).toContain("GraphQL introspection has been disabled");
    expect(error?.extensions).toMatchObject({ code: "GRAPHQL_VALIDATION_FAILED" });
  });

  it("__typename is no secret", () => {
    expect(closed.get("{ __typename hi }")).toBeInstanceOf(Document);
  });

  it.each([
    "{ hii }",
    "{ room(nam: 1) }",
    "{ ... on Qery { hi } }",
    "query ($a: Strin) { room(name: $a) }",
    "subscription { messageAdded(room: 1) }",
    'subscription { messageAdded(room: "a") }',
  ])("no error about %s suggests a name", (source) => {
    expect(errors(new DocumentCache(schema), source).length).toBeGreaterThan(0);
    for (const { message } of errors(closed, source)) expect(message).not.toContain("Did you mean");
  });
});

describe("the errors of a document", () => {
  const cache = new DocumentCache(schema);
  const name = "n".repeat(10_000);

  it.each([`{ ${name} }`, `{ hi "${name}" }`, `query($${name}: Int!) { hi }`, `{ ...${name} }`])(
    "do not quote it at length (PROTOCOL 6.7), no. %#",
    (source) => {
      const found = errors(cache, source);
      expect(found.length).toBeGreaterThan(0);
      for (const { message } of found) expect(message.length).toBeLessThanOrEqual(1_000);
    },
  );

  it("do not quote the name of an operation at length", () => {
    const error = document(cache, "{ hi }").operation("n".repeat(100_000));
    expect(error).toMatchObject({ message: expect.stringMatching(/^Unknown operation named "n+…$/) });
  });
});
