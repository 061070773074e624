import { GraphQLObjectType, GraphQLScalarType, GraphQLSchema, GraphQLString } from "graphql";
import { createClient } from "graphql-ws";
import { expect, it } from "vitest";
import { WebSocket } from "ws";
import { declare } from "fanfare/declare";
import { echoServer, firstResult } from "./http-server.ts";

const { subscription, topic } = declare();
const big = { type: new GraphQLScalarType({ name: "Big" }), resolve: () => 1n };
const thing = { type: new GraphQLObjectType({ name: "Thing", fields: { big, small: { type: GraphQLString } } }) };

const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: "Query",
    fields: { thing: { ...thing, resolve: () => ({}) }, hi: { type: GraphQLString } },
  }),
  subscription: new GraphQLObjectType({
    name: "Subscription",
    fields: { thing: { ...thing, ...subscription({ topics: () => [topic("things")()], initial: () => ({}) }) } },
  }),
});

const masked = {
  errors: [{ message: "Internal server error", extensions: { code: "INTERNAL_SERVER_ERROR" } }],
  data: null,
};

/** A way to ask, and the operation that it asks for. */
const ways: readonly [string, string, (url: string, query: string) => Promise<unknown>][] = [
  ["a query by HTTP", "query", (url, query) => post(url, query, "application/json")],
  ["a query by an event stream", "query", (url, query) => post(url, query, "text/event-stream")],
  ["a query by WebSocket", "query", bySocket],
  ["a subscription by WebSocket", "subscription", bySocket],
];

async function post(url: string, query: string, accept: string): Promise<unknown> {
  const headers = { accept, "content-type": "application/json" };
  return firstResult(
    await fetch(url, { method: "POST", headers, body: JSON.stringify({ query, operationName: "Ask" }) }),
  );
}

async function bySocket(url: string, query: string): Promise<unknown> {
  const client = createClient({ url: url.replace("http", "ws"), webSocketImpl: WebSocket });
  for await (const result of client.iterate({ query, operationName: "Ask" })) {
    await client.dispose();
    return result;
  }
  return undefined;
}

it.each(ways)(
  "A result without JSON, of %s, is an error with its code, and the log names what failed",
  async (_way, kind, ask) => {
    const logged: unknown[] = [];
    const error = (message: string, details: object): void => void logged.push([message, details]);
    await using server = await echoServer({ schema, log: { warn: () => undefined, error } });
    expect(await ask(server.url, `${kind} Ask { thing { small big } }`)).toEqual(masked);
    const field = kind === "subscription" ? "Subscription.thing" : undefined;
    const message = field === undefined ? "A result has no JSON" : `A result of ${field} has no JSON`;
    expect(logged).toEqual([[message, { field, operation: "Ask", fields: ["thing"], error: expect.any(TypeError) }]]);
  },
);
