import { assert, asyncProperty } from "fast-check";
import {
  buildSchema,
  defaultFieldResolver,
  execute,
  getOperationAST,
  isInterfaceType,
  isObjectType,
  isUnionType,
  parse,
  type ExecutionResult,
  type GraphQLSchema,
} from "graphql";
import { describe, expect, it } from "vitest";
import { shareable } from "../../../src/declare/shareable.ts";
import { proveShareable, type Sharing } from "../../../src/engine/plan/sharing.ts";
import { coerceVariables } from "../../../src/engine/document/variables.ts";
import { plainKinds } from "../arbitrary-resolver.ts";
import { scenarios, type Scenario } from "../arbitrary-scenario.ts";

const sdl = `
  type Query { hi: String }
  type Subscription { message: Message!, thing: Thing, named: [Named!], anything: Any, text: String, back: Back }
  type Message { id: ID!, text(upper: Boolean): String!, author: User!, thread: [[Message!]!] }
  type User implements Named { name: String!, email: String, friend: User }
  type Room implements Named { name: String!, size: Int }
  type Thing { name: String }
  type Back { subscription: Subscription, query: Query }
  interface Named { name: String! }
  union Any = Message | Room
`;

type Change = (schema: GraphQLSchema) => void;

const alone = () => "mine";
const together = shareable(() => "ours");
const shared = { fanfare: { shareable: true } };

function field(coordinate: string, change: object): Change {
  return (schema) => {
    const [typeName = "", fieldName = ""] = coordinate.split(".");
    const owner = schema.getType(typeName);
    const found = isObjectType(owner) ? owner.getFields()[fieldName] : undefined;
    if (!found) throw new TypeError(`No ${coordinate}`);
    Object.assign(found, change);
  };
}

function type(name: string, change: object): Change {
  return (schema) => {
    const found = schema.getType(name);
    if (!isObjectType(found) && !isInterfaceType(found) && !isUnionType(found)) throw new TypeError(`No ${name}`);
    Object.assign(found, change);
  };
}

function prove(source: string, changes: readonly Change[] = [], variables: Record<string, unknown> = {}): Sharing {
  const schema = buildSchema(sdl);
  for (const change of changes) change(schema);
  return proofIn(schema, source, variables);
}

function proofIn(schema: GraphQLSchema, source: string, variables: Readonly<Record<string, unknown>>): Sharing {
  const document = parse(source);
  const operation = getOperationAST(document);
  if (!operation) throw new TypeError("No operation");
  const coerced = coerceVariables(schema, operation, variables);
  if ("errors" in coerced) throw new TypeError(coerced.errors.join());
  return proveShareable(schema, document, operation, coerced.values);
}

const everything = "subscription { message { id text author { name email } thread { id } __typename } }";

describe("an operation may be shared by everyone", () => {
  it.each<{ when: string; source: string; changes?: readonly Change[] }>([
    { when: "when every field has the default resolver", source: everything },
    { when: "when the root field is a leaf", source: "subscription { text }" },
    {
      when: "when the default resolver is named",
      source: everything,
      changes: [field("Message.author", { resolve: defaultFieldResolver })],
    },
    {
      when: "when a resolver is marked",
      source: everything,
      changes: [field("Message.author", { resolve: together })],
    },
    {
      when: "when a field's extensions say so",
      source: everything,
      changes: [field("Message.author", { resolve: alone, extensions: shared })],
    },
    {
      when: "whatever the root field's own resolver is",
      source: everything,
      changes: [field("Subscription.message", { resolve: alone })],
    },
    {
      when: "whatever fields it does not select",
      source: "subscription { message { id } }",
      changes: [field("Message.author", { resolve: alone }), field("User.email", { resolve: alone })],
    },
    {
      when: "when nothing else is known about an interface's types",
      source: "subscription { named { name ... on User { email } ... on Room { size } } }",
    },
    {
      when: "when a fragment on another type selects the private field",
      source: "subscription { anything { ... on Room { name } ... on User { email } } }",
      changes: [field("User.email", { resolve: alone })],
    },
    {
      when: "when a type's own judgement is declared shareable",
      source: "subscription { message { id } named { name } }",
      changes: [
        type("Message", { isTypeOf: alone, extensions: shared }),
        type("Named", { resolveType: alone, extensions: shared }),
        type("User", { isTypeOf: alone, extensions: shared }),
      ],
    },
  ])("$when", ({ source, changes }) => {
    expect(prove(source, changes)).toEqual({ shareable: true });
  });
});

describe("an operation may not be shared", () => {
  it.each<{ when: string; source: string; because: string; changes: readonly Change[] }>([
    {
      when: "when a field has a resolver of its own",
      source: everything,
      because: "Message.author",
      changes: [field("Message.author", { resolve: alone })],
    },
    {
      when: "when a leaf has one, at any depth",
      source: everything,
      because: "User.email",
      changes: [field("User.email", { resolve: alone })],
    },
    {
      when: "when the extensions say something else",
      source: everything,
      because: "Message.text",
      changes: [field("Message.text", { resolve: alone, extensions: { fanfare: { shareable: "true" } } })],
    },
    {
      when: "when the field hides behind an alias, in fragments in fragments",
      source: `subscription { ...A } fragment A on Subscription { ... { message { ...B } } }
        fragment B on Message { ... on Message { text: id other: author { ...C } } } fragment C on User { friend { email } }`,
      because: "User.friend",
      changes: [field("User.friend", { resolve: alone })],
    },
    {
      when: "when a private field is in the second of two fields of one name",
      source: "subscription { message { author { name } author { email } } }",
      because: "User.email",
      changes: [field("User.email", { resolve: alone })],
    },
    {
      when: "when one object behind an interface resolves the field, though the interface knows nothing of it",
      source: "subscription { named { name } }",
      because: "Room.name",
      changes: [field("Room.name", { resolve: alone })],
    },
    {
      when: "when one member of a union resolves the field",
      source: "subscription { anything { ... on Named { name } } }",
      because: "Room.name",
      changes: [field("Room.name", { resolve: alone })],
    },
    {
      when: "when an object type checks its values",
      source: everything,
      because: "User",
      changes: [type("User", { isTypeOf: alone })],
    },
    {
      when: "when a member that is not selected checks its values, since it is asked all the same",
      source: "subscription { anything { ... on Room { name } } }",
      because: "Message",
      changes: [type("Message", { isTypeOf: alone })],
    },
    {
      when: "when an interface names the type of a value",
      source: "subscription { named { name } }",
      because: "Named",
      changes: [type("Named", { resolveType: alone })],
    },
    {
      when: "when a union names the type of a value, even if only __typename is selected",
      source: "subscription { anything { __typename } }",
      because: "Any",
      changes: [type("Any", { resolveType: alone })],
    },
    {
      when: "when the root field comes again below itself",
      source: "subscription { ...A } fragment A on Subscription { back { subscription { ...A text } } }",
      because: "Subscription.back",
      changes: [field("Subscription.back", { resolve: alone })],
    },
    {
      when: "when it asks for the schema below its root",
      source: "subscription { back { query { __schema { description } } } }",
      because: "Query.__schema",
      changes: [],
    },
  ])("$when", ({ source, because, changes }) => {
    expect(prove(source, changes)).toEqual({ shareable: false, because });
  });
});

describe("conditions", () => {
  const source = "subscription ($email: Boolean!) { message { author { name email @include(if: $email) } } }";
  const changes = [field("User.email", { resolve: alone })];

  it("are decided by the variables", () => {
    expect(prove(source, changes, { email: false })).toEqual({ shareable: true });
    expect(prove(source, changes, { email: true })).toEqual({
      shareable: false,
      because: "User.email",
    });
  });

  it("without a value count as fulfilled", () => {
    const undecided = "subscription ($no: Boolean) { message { author { email @include(if: $no) } } }";
    expect(prove(undecided, changes)).toEqual({ shareable: false, because: "User.email" });
  });
});

describe("the proof", () => {
  it("takes no time for fragments that spread each other twice, again and again", () => {
    const fragments = Array.from(
      { length: 60 },
      (_, index) => `fragment F${index} on User { friend { ...F${index + 1} } x: friend { ...F${index + 1} } }`,
    );
    const source = `subscription { message { author { ...F0 } } } ${fragments.join(" ")} fragment F60 on User { email }`;
    expect(prove(source)).toEqual({ shareable: true });
    expect(prove(source, [field("User.email", { resolve: alone })])).toEqual({
      shareable: false,
      because: "User.email",
    });
  });

  it("holds: two viewers are told the same, whatever the schema and the selection", async () => {
    const options = {
      resolvers: [...plainKinds, "reader"] as const,
      abstract: true,
      oddity: 0,
      events: 2,
    };
    let proven = 0;
    const property = asyncProperty(scenarios(options), async (scenario) => {
      if (!proofIn(scenario.plan.schema, scenario.source, scenario.variables).shareable) return;
      proven++;
      for (const event of scenario.events) {
        expect(await answer(scenario, event, "ann")).toBe(await answer(scenario, event, "bob"));
      }
    });
    await assert(property, { numRuns: 300, endOnFailure: true });
    expect(proven).toBeGreaterThan(100);
  });
});

async function answer(scenario: Scenario, event: unknown, viewer: string): Promise<string> {
  const result: ExecutionResult = await execute({
    schema: scenario.plan.schema,
    document: scenario.document,
    rootValue: { event },
    contextValue: { viewer },
    variableValues: scenario.variables,
  });
  return JSON.stringify(result);
}
