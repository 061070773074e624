import { readFileSync } from "node:fs";
import { makeExecutableSchema } from "@graphql-tools/schema";
import type { TableReader } from "fanfare/contract";
import type { ModelStreams } from "fanfare/compat";
import type { GraphQLSchema } from "graphql";
import { carFields } from "./car-fields.ts";
import { carModel } from "./car-model.ts";
import { resolversOf, type Fields } from "./fields.ts";
import { messageFields } from "./message-fields.ts";

const greeting: Fields = {
  Query: { hi: { resolve: () => "Hi!" }, me: { resolve: () => null } },
};

/** The types of `schema.graphql`, with their resolvers. */
export function garageSchema(source: TableReader, streams: ModelStreams): GraphQLSchema {
  const Car = carModel(source);
  const others = {
    Subscription: {
      carModelUpdated: resolversOf(Car.updated({ argument: "pk", required: true })),
      carSubscription: resolversOf(streams.subscription(Car, { stream: "cars", label: "garage.car" })),
    },
  };
  return makeExecutableSchema({
    typeDefs: readFileSync(new URL("schema.graphql", import.meta.url), "utf8"),
    resolvers: [Car.resolvers, others, greeting, carFields, messageFields],
  });
}
