import { GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, silentLog } from "fanfare";

/** A server whose only field answers when it is told. */
function slowServer(requestBytesInAll: number) {
  const gate = Promise.withResolvers<string>();
  const asked = Promise.withResolvers<void>();
  const slow = {
    type: GraphQLString,
    resolve: () => {
      asked.resolve();
      return gate.promise;
    },
  };
  const schema = new GraphQLSchema({ query: new GraphQLObjectType({ name: "Query", fields: { slow } }) });
  return { asked, gate, fanfare: createFanfare({ schema, log: silentLog, limits: { requestBytesInAll } }) };
}

function ask(url: string, objects: number): Promise<Response> {
  const extensions = { list: Array.from({ length: objects }, () => ({})) };
  const body = JSON.stringify({ query: "{ slow }", extensions });
  return fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
}

describe("Requests by HTTP", () => {
  it("count for the memory of all requests until they are answered, and are refused over it, PROTOCOL 6.8", async () => {
    const { asked, gate, fanfare } = slowServer(100_000);
    await using _ = fanfare;
    const { url } = await fanfare.listen({ port: 0 });
    const first = ask(url, 1_200);
    await asked.promise;
    const refused = await ask(url, 1_200);
    expect([refused.status, await refused.json()]).toEqual([
      503,
      { errors: [{ message: "Too many large requests; try again later" }] },
    ]);
    const small = ask(url, 1);
    gate.resolve("at last");
    for (const response of [await first, await small, await ask(url, 1_200)]) {
      expect(await response.json()).toEqual({ data: { slow: "at last" } });
    }
  });
});
