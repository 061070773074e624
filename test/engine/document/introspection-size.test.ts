import { buildSchema, getIntrospectionQuery, graphqlSync, type GraphQLSchema } from "graphql";
import { describe, expect, it } from "vitest";
import { Document, DocumentCache } from "../../../src/engine/document/document.ts";

/** A schema of object types with as many fields, arguments and neighbours of other kinds as `count` says. */
function schemaOf(count: number): GraphQLSchema {
  const each = (make: (index: number) => string) => Array.from({ length: count }, (_, index) => make(index)).join("\n");
  return buildSchema(`
    type Query { hi: String first: T0 }
    interface Named { name: String }
    union Any = ${Array.from({ length: count }, (_, index) => `T${index}`).join(" | ")}
    enum Color { ${each((index) => `C${index}`)} }
    input Where { ${each((index) => `f${index}: [Color!]`)} }
    ${each((type) => `type T${type} implements Named { name: String ${fields(Math.min(count, 20), count)} }`)}
  `);
}

function fields(count: number, types: number): string {
  return Array.from({ length: count }, (_, index) => `f${index}(where: Where, of: ID): [T${index % types}!]!`).join(
    " ",
  );
}

const everything = { schemaDescription: true, inputValueDeprecation: true, specifiedByUrl: true, oneOf: true };

const schemas = [
  { size: "small", schema: buildSchema("type Query { hi: String }") },
  { size: "middle", schema: schemaOf(20) },
  { size: "large", schema: schemaOf(200) },
];

/** The limits that a document is over; undefined for a valid one. */
function refused(schema: GraphQLSchema, source: string, introspection = 4): unknown {
  const result = new DocumentCache(schema, { limits: { introspection } }).get(source);
  return result instanceof Document ? undefined : result.errors.map(({ extensions }) => extensions["limit"]);
}

/** `parts` under so many aliases. */
const aliased = (count: number, parts: string) =>
  Array.from({ length: count }, (_, index) => `a${index}: ${parts}`).join(" ");

const whole = getIntrospectionQuery(everything);
const body = whole
  .slice(whole.indexOf("__schema"), whole.indexOf("fragment FullType") - 2)
  .trimEnd()
  .slice(0, -1);
const fragments = whole.slice(whole.indexOf("fragment FullType"));

describe.each(schemas)("Of a $size schema", ({ schema }) => {
  it.each([
    { what: "graphql-js asks", query: getIntrospectionQuery() },
    { what: "graphql-js asks with all its options", query: whole },
    { what: "a tool asks twice", query: `{ ${aliased(2, body)} } ${fragments}` },
    { what: "a reader asks about one type", query: `{ __type(name: "Query") { name fields { name type { name } } } }` },
    { what: "a client asks for names", query: "{ hi __schema { types { name } } }" },
  ])("what $what is allowed", ({ query }) => {
    expect(refused(schema, query)).toBeUndefined();
  });

  it.each([
    { what: "the whole under 15 aliases", query: `{ ${aliased(15, body)} } ${fragments}` },
    {
      what: "fields of fields under aliases",
      query: `{ __schema { types { fields { type { fields { name args { name } }
        ${aliased(15, "fields { name description type { ...Ref } args { name type { ...Ref } } }")} } } } } }
        fragment Ref on __Type { name kind ofType { name kind ofType { name kind ofType { name kind } } } }`,
    },
  ])("$what is refused", ({ query }) => {
    expect(refused(schema, query)).toEqual(["introspection"]);
  });
});

describe("The estimate of an introspection", () => {
  const schema = schemaOf(20);

  it.each([
    "{ __schema { types { name fields { name args { name type { name ofType { name } } } } } } }",
    "{ __schema { types { enumValues { name } inputFields { name type { name } } possibleTypes { name } } } }",
    '{ __type(name: "T1") { fields { type { ofType { ofType { ofType { enumValues { name } } } } } } interfaces { name } } }',
    "{ __schema { directives { name args { name } } queryType { fields { name } } } }",
  ])("is not below the answer: %s", (query) => {
    const part =
      fieldsIn(graphqlSync({ schema, source: query }).data) / fieldsIn(graphqlSync({ schema, source: whole }).data);
    // Both are estimates, the whole a little too large: half of the answer's part is exceeded.
    expect(refused(schema, query, part / 2)).toEqual(["introspection"]);
  });

  it("is linear in the document, and bears fragments in a circle", () => {
    const nested = Array.from(
      { length: 60 },
      (_, index) => `fragment F${index} on __Type { ...F${index + 1} ...F${index + 1} }`,
    );
    const source = `{ __schema { types { ...F0 } } } ${nested.join(" ")} fragment F60 on __Type { fields { type { ...F0 } } }`;
    expect(refused(schema, source, 1_000)).toEqual(["introspection"]);
  });

  it("can be turned off", () => {
    expect(refused(schema, `{ ${aliased(15, body)} } ${fragments}`, Infinity)).toBeUndefined();
  });
});

/** The number of fields in a result. */
function fieldsIn(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const parts: readonly unknown[] = Object.values(value);
  const below = parts.reduce<number>((sum, part) => sum + fieldsIn(part), 0);
  return Array.isArray(value) ? below : below + parts.length;
}
