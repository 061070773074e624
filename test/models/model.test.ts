import { makeExecutableSchema, mergeSchemas } from "@graphql-tools/schema";
import SchemaBuilder from "@pothos/core";
import { customType, integer, pgSchema, pgTable, point, primaryKey, text, timestamp } from "drizzle-orm/pg-core";
import { GraphQLScalarType, printSchema, printType, type GraphQLNamedType } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, silentLog } from "fanfare";
import { model } from "fanfare/models";
import { Executions } from "../server/executions.ts";
import { at, cars, change, skoda } from "./cars.ts";
import { heard, schemaOf } from "./heard.ts";

const fields = ["id", "make", "model", "variant", "year", "updatedAt"] as const;
const Car = model(cars, { name: "Car", fields });

const vans = {
  name: "vans",
  key: "id",
  columns: {
    id: "integer",
    load: { type: "integer", nullable: true },
    builtAt: { name: "built_at", type: "timestamptz" },
  },
} as const;
const Van = model(vans, { name: "Van", fields: ["id", "load", "builtAt"] });

/** A type in the schema definition language, without descriptions. */
function shown(type: GraphQLNamedType): string {
  return printType(type)
    .replaceAll(/"""[\s\S]*?"""\n/g, "")
    .replaceAll(/\s+/g, " ");
}

describe("A model's GraphQL types", () => {
  it("have the named fields only: ID for the key, and nullable like their columns", () => {
    expect(shown(Car.type)).toBe(
      "type Car { id: ID! make: String! model: String! variant: String year: Int updatedAt: DateTime! }",
    );
    expect(shown(Car.changeType)).toBe(
      "type CarChange { action: ChangeAction! id: ID! before: Car after: Car changed: [String!]! moved: Boolean! at: DateTime! }",
    );
    expect(shown(Car.fieldType)).toBe("enum CarField { ID MAKE MODEL VARIANT YEAR UPDATED_AT }");
    expect(shown(Car.actionType)).toBe("enum ChangeAction { SNAPSHOT CREATED UPDATED DELETED }");
    expect(shown(Car.whereType)).toBe(
      "input CarWhere { id: IDWhere make: StringWhere model: StringWhere variant: StringWhere year: IntWhere " +
        "updatedAt: DateTimeWhere and: [CarWhere!] or: [CarWhere!] not: CarWhere }",
    );
  });

  it("have four subscription fields", () => {
    const schema = printSchema(schemaOf(Car)).replaceAll(/"""[\s\S]*?"""\n/g, "");
    expect(schema.slice(schema.indexOf("type Subscription")).replaceAll(/\s+/g, " ").trim()).toBe(
      "type Subscription { carCreated: Car! carUpdated(id: ID): Car! carDeleted(id: ID): Car! " +
        "carChanged( actions: [ChangeAction!] id: ID where: CarWhere initial: Boolean = false ): CarChange! }",
    );
  });

  it("have the model's name, and fields with the option `prefix`", () => {
    const Auto = model(cars, { name: "Auto", prefix: "vehicle", fields: ["id"] });
    expect(Object.keys(Auto.subscriptions)).toEqual([
      "vehicleCreated",
      "vehicleUpdated",
      "vehicleDeleted",
      "vehicleChanged",
    ]);
    expect(Auto.changeType.name).toBe("AutoChange");
  });

  it("are the same objects for all models, if they do not depend on one", () => {
    expect(Van.actionType).toBe(Car.actionType);
    const shared = ["ChangeAction", "DateTime", "IDWhere", "IntWhere", "DateTimeWhere"];
    const [ofCar, ofVan] = [Car, Van].map(({ types }) => new Map(types.map((type) => [type.name, type])));
    for (const name of shared) expect(ofCar?.get(name)).toBe(ofVan?.get(name));
    expect(() => printSchema(schemaOf(Car, Van))).not.toThrow();
  });

  it("can use another scalar in place of one of Fanfare's", async () => {
    const Moment = new GraphQLScalarType({ name: "Moment", serialize: (value) => Number(value) });
    const Timed = model(cars, { name: "Car", fields: ["id", "updatedAt"], scalars: { DateTime: Moment } });
    expect(shown(Timed.type)).toBe("type Car { id: ID! updatedAt: Moment! }");
    expect(Timed.types.map(({ name }) => name)).toContain("MomentWhere");
    expect(await heard(Timed, "carChanged { at after { updatedAt } }", [change(null, skoda)])).toEqual([
      { at, after: { updatedAt: at + 500 } },
    ]);
  });
});

describe("A model in the schema definition language", () => {
  const schema = makeExecutableSchema({
    typeDefs: ["type Query { hi: String }", Car.typeDefs, Van.typeDefs],
    resolvers: [Car.resolvers, Van.resolvers],
  });

  it("can be combined with another one", () => {
    expect(Object.keys(schema.getSubscriptionType()?.getFields() ?? {})).toEqual([
      ...Object.keys(Car.subscriptions),
      ...Object.keys(Van.subscriptions),
    ]);
  });

  it("delivers the same as elsewhere, with arguments of its own scalars", async () => {
    await using fanfare = createFanfare({ schema, log: silentLog });
    const query = `subscription($since: DateTime) {
      carChanged(where: { updatedAt: { gt: $since }, id: { eq: "1" } }, actions: [CREATED]) {
        action at after { id updatedAt }
      }
    }`;
    await using results = await fanfare.subscribe({ query, variables: { since: "2026-01-01T00:00:00Z" } });
    await fanfare.publish(Car.topic, change(null, { ...skoda, updated_at: "2025-12-31T00:00:00+00:00" }));
    await fanfare.publish(Car.topic, change(null, skoda));
    expect((await results.next()).value).toEqual({
      data: {
        carChanged: {
          action: "CREATED",
          at: "2026-01-31T12:00:00.000Z",
          after: { id: "1", updatedAt: "2026-01-31T12:00:00.500Z" },
        },
      },
    });
  });

  it("joins a schema of Pothos, and its results are shared there", async () => {
    const builder = new SchemaBuilder({});
    builder.queryType({ fields: (t) => ({ hi: t.string({ resolve: () => "hello" }) }) });
    const joined = mergeSchemas({
      schemas: [builder.toSchema()],
      typeDefs: [Car.typeDefs],
      resolvers: [Car.resolvers],
    });
    using executions = new Executions();
    await using fanfare = createFanfare({ schema: joined, log: silentLog });
    const query = "subscription { carCreated { id make updatedAt } }";
    const all = await Promise.all([fanfare.subscribe({ query }), fanfare.subscribe({ query })]);
    await fanfare.publish(Car.topic, change(null, skoda));
    for (const results of all) {
      expect((await results.next()).value).toMatchObject({ data: { carCreated: { id: "1", make: "Skoda" } } });
    }
    expect(executions.all.map(({ members }) => members)).toEqual([2]);
  });

  it("has the fields' names as the values of their enum", () => {
    const type = schema.getType("CarField");
    expect(type && "getValue" in type ? type.getValue("UPDATED_AT")?.value : undefined).toBe("updatedAt");
  });
});

describe("The topic of a model", () => {
  const inGarage = pgSchema("garage").table("Cars: old", { id: integer().primaryKey() });

  it("is its table's, whatever the table's name", () => {
    expect(Car.topic.name).toBe("table:public:cars");
    expect(model(inGarage, { name: "Car", fields: ["id"] }).topic.name).toBe("table:garage:Cars%3A old");
    const described = model({ ...vans, schema: "garage" }, { name: "Van", fields: ["id"] });
    expect(described.topic.name).toBe("table:garage:vans");
    expect(described.table).toEqual({ schema: "garage", name: "vans" });
  });
});

/** Calls `model` without types, as plain JavaScript may. */
function declared(table: unknown, options: unknown): () => unknown {
  return () => Reflect.apply(model, undefined, [table, options]);
}

describe("A declaration of a model", () => {
  const shapes = pgTable("shapes", { id: integer().primaryKey(), place: point(), and: text(), "two words": text() });
  const keyless = pgTable("log", { line: text().notNull() });
  const byMoment = pgTable("moments", { at: timestamp().primaryKey() });
  const odd = customType<{ data: string }>({ dataType: () => "tsvector" });
  const byOdd = pgTable("odd", { id: odd().primaryKey(), more: odd() });

  it.each<[what: string, table: unknown, options: object, message: string]>([
    ["an unknown field", cars, { fields: ["id", "mak"] }, "has no column mak; there are id, make, model, variant"],
    ["a field twice", cars, { fields: ["id", "id"] }, "has id twice"],
    [
      "two fields with one name in capitals",
      { ...vans, columns: { id: "integer", builtAt: "date", built_at: "date" } },
      { fields: ["builtAt", "built_at"] },
      "has builtAt and built_at twice",
    ],
    ["no field", cars, { fields: [] }, "needs `fields`: id, make"],
    ["an unsupported type", shapes, { fields: ["place"] }, "cannot have a field place of the type point; there are"],
    ["a name that GraphQL has not", shapes, { fields: ["two words"] }, "cannot have a field two words"],
    ["a field that means something in `where`", shapes, { fields: ["and"] }, "cannot have a field and"],
    ["no key", keyless, { fields: ["line"] }, "The table log has no primary key; name its columns in `key`"],
    [
      "a key that is no column",
      keyless,
      { fields: ["line"], key: ["no"] },
      "names no, which is none of its columns: line",
    ],
    ["a key of moments", byMoment, { fields: ["at"] }, "a key is made of integers, texts, enums, UUIDs and dates"],
    ["a key of an unknown type", byOdd, { fields: ["more"] }, "names id of the type tsvector"],
    ["a permission for no field", cars, { fields: ["id"], permissions: { make: () => true } }, "restricts make"],
    ["a permission for the key", cars, { fields: ["id"], permissions: { id: () => true } }, "restricts id"],
    ["a name that GraphQL has not", cars, { name: "My car", fields: ["id"] }, '"My car" is no name'],
    ["a prefix that GraphQL has not", cars, { prefix: "my-", fields: ["id"] }, '"my-" is no name'],
    ["a policy for payloads that is none", cars, { fields: ["id"], payload: "all" }, 'must be "selection", "key" or'],
    [
      "a policy for failures that is none",
      cars,
      { fields: ["id"], payload: { serialize: () => ({}), onError: "retry" } },
      "must be fail, fallback or drop",
    ],
    [
      "a limit below one",
      cars,
      { fields: ["id"], initialLimit: 0 },
      "initialLimit must be a number of at least 1, not 0",
    ],
    ["no table", { make: "Skoda" }, { fields: ["id"] }, "takes a table of Drizzle, or a `name`"],
    ["nothing", undefined, { fields: ["id"] }, "takes a table of Drizzle"],
  ])("is refused with BAD_DECLARATION: %s", (_what, table, options, message) => {
    const create = declared(table, { name: "Car", ...options });
    expect(create).toThrow(message);
    expect(create).toThrow(expect.objectContaining({ code: "BAD_DECLARATION" }));
  });

  it("may ignore a column of an unsupported type", () => {
    expect(() => model(shapes, { name: "Shape", fields: ["id"] })).not.toThrow();
  });
});

/** The results for a created row of an operation with an id. */
async function toldOf(table: Parameters<typeof model>[0], more: object, row: Record<string, string>, id: string) {
  const options = { name: "Part", fields: ["name"], ...more };
  const Part: ReturnType<typeof model> = Reflect.apply(model, undefined, [table, options]);
  const query = `subscription($id: ID!) { partChanged(id: $id) { id } }`;
  return heard(Part, query, [change(null, row)], { variables: { id } });
}

describe("A primary key", () => {
  const parts = pgTable("parts", { shop: text().notNull(), number: integer().notNull(), name: text() }, (table) => [
    primaryKey({ columns: [table.shop, table.number] }),
  ]);

  it.each([
    ["berlin", "7", "berlin:7"],
    ["a:b", "7", "a%3Ab:7"],
    ["100%", "7", "100%25:7"],
    ["%3A", "7", "%253A:7"],
    ["", "-7", ":-7"],
  ])("of two columns is encoded as one text that can be decoded: %j and %s", async (shop, number, id) => {
    expect(await toldOf(parts, {}, { shop, number, name: "bolt" }, id)).toEqual([{ id }]);
  });

  it.each([
    ["integer", "7", "7", "8"],
    ["bigint", "9007199254740993", "9007199254740993", "9007199254740992"],
    ["text", "a:b%", "a:b%", "a"],
    ["enum", "red", "red", "blue"],
    ["date", "2026-01-31", "2026-01-31", "2026-02-01"],
    [
      "uuid",
      "0b8cbd2c-3c3e-4d43-8a40-6c2bd0a5d9f1",
      "0B8CBD2C-3C3E-4D43-8A40-6C2BD0A5D9F1",
      "0b8cbd2c-3c3e-4d43-8a40-6c2bd0a5d9f2",
    ],
  ])("of the type %s is the value's own text", async (type, value, id, other) => {
    const table = { name: "parts", key: "number", columns: { number: type, name: "text" } };
    const row = { number: value, name: "bolt" };
    expect(await toldOf(Object(table), {}, row, id)).toEqual([{ id: value }]);
    expect(await toldOf(Object(table), {}, row, other)).toEqual([]);
  });

  it("may be given for a table that declares none", async () => {
    const log = pgTable("log", { line: integer().notNull(), name: text() });
    expect(await toldOf(log, { key: ["line"] }, { line: "7", name: "x" }, "7")).toEqual([{ id: "7" }]);
  });

  it("is the field `id` if no column has that name", async () => {
    const Part = model(parts, { name: "Part", fields: ["id", "number"] });
    expect(shown(Part.type)).toBe("type Part { id: ID! number: Int! }");
    const query = `subscription { partCreated { id number } }`;
    const created = change(null, { shop: "berlin", number: "7", name: null });
    expect(await heard(Part, query, [created])).toEqual([{ id: "berlin:7", number: 7 }]);
    const where = `partChanged(where: { id: { in: ["berlin:7", "bonn:7"] } }) { id }`;
    expect(await heard(Part, where, [created, change(null, { shop: "bern", number: "7", name: null })])).toEqual([
      { id: "berlin:7" },
    ]);
  });

  it.each([
    ["abc", "an integer", { name: "parts", key: "number", columns: { number: "integer", name: "text" } }],
    ["7", "two parts", parts],
  ])("is refused in a form that a row cannot have: %s instead of %s", async (id, _what, table) => {
    expect(await toldOf(Object(table), {}, {}, id)).toEqual([
      { errors: [{ message: `id is "${id}", which no row's key can be`, extensions: { code: "BAD_USER_INPUT" } }] },
    ]);
  });
});

describe("A model's type in a query", () => {
  it("resolves rows of Drizzle, with the id that subscriptions have", async () => {
    const big = pgTable("big", { shop: text().notNull(), number: integer().notNull() }, (table) => [
      primaryKey({ columns: [table.shop, table.number] }),
    ]);
    const Big = model(big, { name: "Big", fields: ["id", "shop"] });
    const resolve = Big.type.getFields()["id"]?.resolve;
    expect(Reflect.apply(resolve ?? (() => undefined), undefined, [{ shop: "a:b", number: 7 }, {}, {}])).toBe(
      "a%3Ab:7",
    );
  });
});
