import { buildSchema, isObjectType, type GraphQLField, type GraphQLSchema } from "graphql";
import { describe, expect, it } from "vitest";
import { ResolverWitness, WitnessPool } from "../../../src/engine/plan/resolver-witness.ts";

function schemaOfNews(): GraphQLSchema {
  return buildSchema(`
    type Query { hi: String }
    type News { id: ID!, text: String! }
    type Subscription { news: News!, other: News! }
  `);
}

function fieldOf(schema: GraphQLSchema, type: string, name: string): GraphQLField<unknown, unknown> {
  const parent = schema.getType(type);
  const found = isObjectType(parent) ? parent.getFields()[name] : undefined;
  if (!found) throw new Error(`There is no field ${type}.${name}.`);
  return found;
}

/** A witness of `subscription { news { … } }` with these fields in this order. */
function witnessOf(schema: GraphQLSchema, root: string, fields: readonly string[]): ResolverWitness {
  const witness = new ResolverWitness();
  witness.sawRoot(fieldOf(schema, "Subscription", root));
  for (const name of fields) witness.sawField(fieldOf(schema, "News", name));
  return witness;
}

describe("A witness of resolvers", () => {
  it.each(["resolve", "subscribe"] as const)("notices that %s of the root field was replaced", (property) => {
    const schema = schemaOfNews();
    const witness = witnessOf(schema, "news", ["id"]);
    expect(witness.isCurrent).toBe(true);
    fieldOf(schema, "Subscription", "news")[property] = () => "another";
    expect(witness.isCurrent).toBe(false);
  });

  it("notices that a resolver below the root was replaced", () => {
    const schema = schemaOfNews();
    const witness = witnessOf(schema, "news", ["id", "text"]);
    fieldOf(schema, "News", "text").resolve = () => "another";
    expect(witness.isCurrent).toBe(false);
  });
});

describe("A pool of witnesses", () => {
  it("gives operations that select the same fields, in any order, one witness", () => {
    const schema = schemaOfNews();
    const pool = new WitnessPool();
    const first = pool.intern(witnessOf(schema, "news", ["id", "text"]));
    expect(pool.intern(witnessOf(schema, "news", ["text", "id"]))).toBe(first);
  });

  it("tells those apart that select other fields, or have another root", () => {
    const schema = schemaOfNews();
    const pool = new WitnessPool();
    const witnesses = [
      pool.intern(witnessOf(schema, "news", ["id", "text"])),
      pool.intern(witnessOf(schema, "news", ["id"])),
      pool.intern(witnessOf(schema, "other", ["id"])),
      pool.intern(witnessOf(schema, "other", [])),
    ];
    expect(new Set(witnesses).size).toBe(4);
  });

  it("gives an operation that comes after a replacement a witness of what is there now", () => {
    const schema = schemaOfNews();
    const pool = new WitnessPool();
    const before = pool.intern(witnessOf(schema, "news", ["id"]));
    fieldOf(schema, "News", "id").resolve = () => "another";
    const after = pool.intern(witnessOf(schema, "news", ["id"]));
    expect([before.isCurrent, after.isCurrent]).toEqual([false, true]);
    fieldOf(schema, "News", "id").resolve = undefined;
    expect([before.isCurrent, after.isCurrent]).toEqual([true, false]);
  });
});
