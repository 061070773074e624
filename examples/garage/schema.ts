import { readFileSync } from "node:fs";
import { buildSchema, isObjectType, type GraphQLSchema } from "graphql";
import { carFields } from "./car-fields.ts";
import type { Fields } from "./fields.ts";
import { messageFields } from "./message-fields.ts";

const greeting: Fields = {
  Query: { hi: { resolve: () => "Hi!" }, me: { resolve: () => null } },
};

/** The types of `schema.graphql`, with their resolvers. */
export function garageSchema(): GraphQLSchema {
  const text = readFileSync(new URL("schema.graphql", import.meta.url), "utf8");
  const schema = buildSchema(text);
  for (const fields of [greeting, carFields, messageFields]) mount(schema, fields);
  return schema;
}

function mount(schema: GraphQLSchema, types: Fields): void {
  for (const [typeName, fields] of Object.entries(types)) {
    const type = schema.getType(typeName);
    if (!isObjectType(type)) throw new TypeError(`The schema has no type ${typeName}`);
    for (const [name, resolvers] of Object.entries(fields)) {
      const field = type.getFields()[name];
      if (!field) throw new TypeError(`The schema has no field ${typeName}.${name}`);
      Object.assign(field, resolvers);
    }
  }
}
