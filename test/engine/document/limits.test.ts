import { buildSchema, getIntrospectionQuery, type GraphQLError } from "graphql";
import { describe, expect, it } from "vitest";
import { FanfareError } from "../../../src/base/error.ts";
import { defaultDocumentLimits, type DocumentLimits } from "../../../src/engine/document/limits.ts";
import { Document, DocumentCache } from "../../../src/engine/document/document.ts";

const schema = buildSchema(`
  type Query { hi: String, a: A, node: Node }
  type Subscription { a: A }
  type A { a: A, b: A, s: String, t(x: Int, y: Int): String }
  ${Array.from({ length: 30 }, (_, index) => `type N${index} { id: ID }`).join("\n")}
  union Node = ${Array.from({ length: 30 }, (_, index) => `N${index}`).join(" | ")}
`);

const off: DocumentLimits = {
  characters: Infinity,
  tokens: Infinity,
  depth: Infinity,
  aliases: Infinity,
  directives: Infinity,
  cost: Infinity,
  repeats: Infinity,
  introspection: Infinity,
};

function errorsOf(source: string, limits: Partial<DocumentLimits> = {}): readonly GraphQLError[] {
  const result = new DocumentCache(schema, { limits }).get(source);
  return result instanceof Document ? [] : result.errors;
}

/** The lowest maximum that a document passes under. */
function measured(limit: keyof DocumentLimits, source: string): number {
  let maximum = 1;
  while (maximum < 100 && errorsOf(source, { ...off, [limit]: maximum }).length > 0) maximum++;
  return maximum;
}

function strictErrorsOf(source: string): readonly string[] {
  const result = new DocumentCache(schema, { strictRootField: true }).get(source);
  return result instanceof Document ? [] : result.errors.map(({ message }) => message);
}

const times = (count: number, make: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => make(index)).join(" ");

describe("a document's limits", () => {
  it("are on by default", () => {
    expect(defaultDocumentLimits).toEqual({
      characters: 15_000,
      tokens: 1_000,
      depth: 20,
      aliases: 15,
      directives: 50,
      cost: 5_000,
      repeats: 30,
      introspection: 4,
    });
    expect(errorsOf(`{ ${"a { ".repeat(20)} s ${"} ".repeat(20)} }`)).toMatchObject([
      { extensions: { limit: "depth" } },
    ]);
  });

  it.each([0, -1, Number.NaN])("may not be %d", (depth) => {
    expect(() => new DocumentCache(schema, { limits: { depth } })).toThrow(FanfareError);
    expect(() => new DocumentCache(schema, { limits: { depth } })).toThrow(/limit `depth` must be a positive number/);
  });

  it("are told by name, value and maximum", () => {
    expect(errorsOf("{ a { a { s } } }", { depth: 2 })).toMatchObject([
      {
        message: "The document is over the limit of depth: 3, at most 2.",
        locations: [{ line: 1, column: 1 }],
        extensions: { code: "LIMIT_EXCEEDED", limit: "depth", maximum: 2 },
      },
    ]);
  });

  it("are told together, when several are exceeded", () => {
    const errors = errorsOf("{ a { x: a { s } } }", { depth: 2, aliases: 0.5, cost: 2 });
    expect(errors.map(({ extensions }) => extensions["limit"])).toEqual(["aliases", "depth", "cost"]);
  });

  it("hold for each operation", () => {
    expect(errorsOf("query A { hi } query B { a { s } }", { depth: 1 })).toHaveLength(1);
    expect(errorsOf("query A { x: hi } query B { x: hi }", { aliases: 1 })).toEqual([]);
  });
});

describe("the limit of characters", () => {
  it("counts the source", () => {
    expect(measured("characters", "{hi}     ")).toBe(9);
  });

  it("refuses without parsing", () => {
    expect(errorsOf("{".repeat(20), { characters: 10 })).toMatchObject([
      { extensions: { code: "DOCUMENT_TOO_LARGE", limit: "characters", maximum: 10 } },
    ]);
  });
});

describe("the limit of tokens", () => {
  it("counts what the lexer gives, comments left out", () => {
    const source = "{ # a comment\n hi }";
    expect(errorsOf(source, { tokens: 3 })).toEqual([]);
    expect(errorsOf(source, { tokens: 2 })).toMatchObject([
      {
        message: "The document is over the limit of tokens: more than 2, at most 2.",
        extensions: { code: "DOCUMENT_TOO_LARGE", limit: "tokens", maximum: 2 },
      },
    ]);
  });

  it("is not mistaken for it when a client writes its message", () => {
    expect(errorsOf('{ "Document contains more than 1000 tokens. Parsing aborted." }')).toMatchObject([
      { extensions: { code: "GRAPHQL_PARSE_FAILED" } },
    ]);
  });
});

describe("the limit of depth", () => {
  it("counts fields inside fields, the deepest way", () => {
    expect(measured("depth", "{ hi a { s a { s } } }")).toBe(3);
  });

  it("counts a fragment where it is spread, and nothing for the fragment", () => {
    expect(measured("depth", "{ a { ...F } } fragment F on A { ... { ... on A { b { b { s } } } } }")).toBe(4);
  });
});

describe("the limit of aliases", () => {
  it("counts aliases, again at each spread", () => {
    expect(measured("aliases", "{ x: hi y: a { ...F } a { b { ...F } } z: a { s } } fragment F on A { v: s }")).toBe(5);
  });
});

describe("the limit of directives", () => {
  it("counts directives everywhere, again at each spread", () => {
    const source =
      "{ hi @skip(if: true) ... @include(if: true) { hi } a { ...F @skip(if: true) b { ...F } } } fragment F on A { s @skip(if: true) }";
    expect(measured("directives", source)).toBe(5);
  });
});

describe("the limit of cost", () => {
  it("counts one for each field, again at each spread", () => {
    expect(measured("cost", "{ hi a { ...F } x: a { ...F } } fragment F on A { s t }")).toBe(7);
  });

  it("is found in no time for fragments that spread each other twice, again and again", () => {
    const fragments = times(60, (index) => `fragment F${index} on A { a { ...F${index + 1} } b { ...F${index + 1} } }`);
    const source = `{ a { ...F0 } } ${fragments} fragment F60 on A { s }`;
    expect(errorsOf(source, { depth: Infinity })).toMatchObject([
      { extensions: { limit: "repeats" } },
      { extensions: { limit: "cost" } },
    ]);
  });
});

describe("the limit of repeats", () => {
  it("counts the same response name in the same place", () => {
    expect(measured("repeats", "{ hi hi a { s s s } }")).toBe(3);
  });

  it("counts places together that become one in the answer", () => {
    expect(measured("repeats", "{ a { s s } a { s } ...F ...F } fragment F on Query { a { s } }")).toBe(4);
  });

  it("counts a field once more for each argument", () => {
    expect(measured("repeats", "{ a { t(x: 1, y: 2) t(x: 1, y: 2) } }")).toBe(6);
  });

  it("counts a field once more for each inline fragment around it after the first", () => {
    expect(measured("repeats", "{ ... { ... { ... { hi } } } }")).toBe(3);
  });

  it("lets every member of a large union select the same field", () => {
    expect(errorsOf(`{ node { ${times(30, (index) => `... on N${index} { id }`)} } }`)).toEqual([]);
  });

  it("gives up where there is too much to count", () => {
    const fragments = times(30, (index) => `fragment F${index} on A { a { ...F${index + 1} } b { ...F${index + 1} } }`);
    const source = `{ a { ...F0 } } ${fragments} fragment F30 on A { s }`;
    expect(errorsOf(source, { ...off, repeats: 1_000_000 })).toMatchObject([
      { message: "The document is over the limit of repeats: too many to count, at most 1000000." },
    ]);
  });
});

describe("cyclic fragments", () => {
  it.each([
    "{ a { ...F } } fragment F on A { a { ...F } }",
    "{ a { ...F } } fragment F on A { s ...G } fragment G on A { s ...F }",
    "{ ...F } fragment F on Query { ...F }",
    "{ ...F } fragment F on Query { __schema { description } ...F }",
  ])("end in an error, not in a loop: %s", (source) => {
    expect(errorsOf(source).length).toBeGreaterThan(0);
    const unlimited = errorsOf(source, off).map(({ message }) => message);
    expect(unlimited.join()).toMatch(/Cannot spread fragment "F" within itself/);
  });
});

describe("introspection", () => {
  const standard = getIntrospectionQuery({
    descriptions: true,
    specifiedByUrl: true,
    directiveIsRepeatable: true,
    schemaDescription: true,
    inputValueDeprecation: true,
    oneOf: true,
  });

  it("passes as the tools ask for it", () => {
    expect(errorsOf(standard)).toEqual([]);
  });

  it("is not held to depth and cost", () => {
    expect(errorsOf(standard, { depth: 3, cost: 10 })).toEqual([]);
    expect(
      errorsOf("{ ...F } fragment F on Query { __typename ... { __schema { types { name } } } }", {
        depth: 1,
        cost: 1,
      }),
    ).toEqual([]);
  });

  it("is held to tokens, aliases, directives and repeats", () => {
    expect(errorsOf(standard, { tokens: 100 })).toMatchObject([{ extensions: { limit: "tokens" } }]);
    expect(errorsOf(`{ ${times(20, (index) => `x${index}: __type(name: "A") { name }`)} }`)).toMatchObject([
      { extensions: { limit: "aliases" } },
    ]);
    expect(errorsOf(`{ __schema { types { ${"name ".repeat(100)} } } }`)).toMatchObject([
      { extensions: { limit: "repeats" } },
    ]);
  });

  it.each([
    "{ __typename a { a { s } } }",
    "{ __schema { description } a { a { s } } }",
    "subscription { a { a { s } } }",
    "{ ...F } fragment F on Query { __schema { description } a { a { s } } }",
  ])("is no cover for anything else: %s", (source) => {
    expect(errorsOf(source, { depth: 2 })).toMatchObject([{ extensions: { limit: "depth" } }]);
  });
});

describe("known attacks are refused before they are validated", () => {
  it.each([
    {
      attack: "a hundred aliases",
      source: `{ ${times(101, (index) => `alias${index}: __typename`)} }`,
      limit: "aliases",
    },
    {
      attack: "a field five hundred times",
      source: `{ ${"__typename ".repeat(500)} }`,
      limit: "repeats",
    },
    {
      attack: "directives without end",
      source: `{ __typename ${"@aa".repeat(100)} }`,
      limit: "directives",
    },
    {
      attack: "inline fragments in each other",
      source: `{ ${"... { hi ".repeat(150)} ${"} ".repeat(151)}`,
      limit: "repeats",
    },
    {
      attack: "the same object again and again",
      source: `{ ${"a { s } ".repeat(240)} }`,
      limit: "repeats",
    },
  ])("$attack", ({ source, limit }) => {
    expect(errorsOf(source)[0]?.extensions).toMatchObject({ code: "LIMIT_EXCEEDED", limit });
  });

  it("circular introspection, also where the limit of its size is off", () => {
    const errors = errorsOf("{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }", {
      introspection: Infinity,
    });
    expect(errors[0]?.message).toBe("Maximum introspection depth exceeded");
  });

  it("nesting that exhausts the stack, even without limits", () => {
    for (const open of ["{ a ", "{ ... "]) {
      expect(errorsOf(open.repeat(200_000), off)).toMatchObject([
        {
          message: "The document is nested too deeply to be read.",
          extensions: { code: "LIMIT_EXCEEDED" },
        },
      ]);
    }
  });
});

describe("with a strict root field", () => {
  it("a subscription has exactly one", () => {
    expect(strictErrorsOf("subscription X { a { s } b: a { s } }")[0]).toBe(
      'Subscription "X" must have only one field.',
    );
    expect(strictErrorsOf("subscription { a { s } b: a { s } }")[0]).toBe('Subscription "" must have only one field.');
    expect(strictErrorsOf("subscription X { a { s } }")).toEqual([]);
  });

  it.each(["subscription { ... { a { s } } }", "subscription { ...F } fragment F on Subscription { a { s } }"])(
    "a subscription has no fragment there: %s",
    (source) => {
      expect(strictErrorsOf(source)).toEqual(["Apollo subscriptions do not support fragments on the root field"]);
      expect(errorsOf(source)).toEqual([]);
    },
  );

  it("queries are as free as ever", () => {
    expect(strictErrorsOf("{ hi ...F } fragment F on Query { a { s } }")).toEqual([]);
  });
});
