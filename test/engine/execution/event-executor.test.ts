import {
  GraphQLInputObjectType,
  GraphQLList,
  GraphQLObjectType,
  GraphQLScalarType,
  GraphQLSchema,
  GraphQLString,
} from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, silentLog } from "fanfare";
import { connected } from "../../server/connected.ts";

describe("The variables of a subscription that shares nothing", () => {
  it("are coerced when it starts, and not for each event", async () => {
    let coerced = 0;
    const Counted = new GraphQLScalarType<unknown>({ name: "Counted", parseValue: (value) => ((coerced += 1), value) });
    const In = new GraphQLInputObjectType({ name: "In", fields: { a: { type: Counted, defaultValue: "none" } } });
    const schema = new GraphQLSchema({
      query: new GraphQLObjectType({ name: "Query", fields: { hi: { type: GraphQLString } } }),
      subscription: new GraphQLObjectType({
        name: "Subscription",
        fields: {
          said: {
            type: GraphQLString,
            args: { in: { type: new GraphQLList(In) } },
            resolve: (_source, args, _context, { variableValues, operation }) =>
              JSON.stringify([args, variableValues["coerced"], operation.variableDefinitions?.length]),
          },
        },
      }),
    });
    await using fanfare = createFanfare({ schema, log: silentLog });
    await using client = await connected(fanfare);
    const query = "subscription ($in: [In] = [{}]) { said(in: $in) }";
    const id = await client.subscribe({ query, variables: { in: [{ a: 1 }, {}] } });
    const before = coerced;
    expect(before).toBeGreaterThan(0);
    for (let count = 0; count < 3; count += 1) {
      await fanfare.publish("said", {});
      const values = [{ a: 1 }, { a: "none" }];
      const said = JSON.stringify([{ in: values }, { in: values }, 1]);
      expect(await client.receiveNext(id)).toEqual({ data: { said } });
    }
    expect(coerced).toBe(before);
  });
});
