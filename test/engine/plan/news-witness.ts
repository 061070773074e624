import { buildSchema, isObjectType, type GraphQLField, type GraphQLSchema } from "graphql";
import { ResolverWitness } from "../../../src/engine/plan/resolver-witness.ts";

export function schemaOfNews(): GraphQLSchema {
  return buildSchema(`
    type Query { hi: String }
    type News { id: ID!, text: String! }
    type Subscription { news: News!, other: News! }
  `);
}

/** @param coordinate such as `News.id`. */
export function fieldAt(schema: GraphQLSchema, coordinate: string): GraphQLField<unknown, unknown> {
  const [type = "", name = ""] = coordinate.split(".");
  const parent = schema.getType(type);
  const found = isObjectType(parent) ? parent.getFields()[name] : undefined;
  if (!found) throw new Error(`There is no field ${coordinate}.`);
  return found;
}

/** A witness of an operation with this root that selects these fields, in this order. */
export function witnessOf(schema: GraphQLSchema, root: string, fields: readonly string[]): ResolverWitness {
  const witness = new ResolverWitness();
  witness.sawRoot(fieldAt(schema, root));
  for (const field of fields) witness.sawField(fieldAt(schema, field));
  return witness;
}
