import { GraphQLObjectType, GraphQLScalarType, GraphQLSchema, GraphQLString, type GraphQLFieldConfig } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, subscription } from "fanfare";
import { NotingLog } from "./noting-log.ts";

/** Given on as it came: the same object. */
const Anything = new GraphQLScalarType({ name: "Anything" });

function schemaWith(field: Pick<GraphQLFieldConfig<unknown, unknown>, "subscribe" | "resolve">): GraphQLSchema {
  const args = { about: { type: Anything } };
  return new GraphQLSchema({
    query: new GraphQLObjectType({ name: "Query", fields: { hi: { type: GraphQLString } } }),
    subscription: new GraphQLObjectType({
      name: "Subscription",
      fields: { posted: { type: GraphQLString, args, ...field } },
    }),
  });
}

describe("An object that an application uses again and changes (for `match`: fail-closed.test)", () => {
  it("counts as it was when it is a variable of fanfare.subscribe()", async () => {
    const posted = subscription({
      topics: () => ["posts"],
      resolve: (_event: object, { about }: { about: { room: string } }) => `about ${about.room}`,
    });
    await using fanfare = createFanfare({ schema: schemaWith(posted), log: new NotingLog() });
    const variables = { about: { room: "a" } };
    const request = { query: "subscription ($about: Anything) { posted(about: $about) }", variables };
    await using results = await fanfare.subscribe({ ...request, context: {} });
    variables.about.room = "b";
    await fanfare.publish("posts", {});
    expect(await results.next()).toEqual({ done: false, value: { data: { posted: "about a" } } });
  });
});
