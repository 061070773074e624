import {
  getIntrospectionQuery,
  GraphQLDeferDirective,
  GraphQLList,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLStreamDirective,
  GraphQLString,
  specifiedDirectives,
} from "graphql";
import { createClient } from "graphql-ws";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { createFanfare, silentLog, type Fanfare } from "fanfare";
import { declare } from "fanfare/declare";
import { firstResult } from "../transports/http/http-server.ts";

const { subscription, topic } = declare();
const said = topic<string>("said");
const string = { type: GraphQLString };

const word = new GraphQLObjectType({
  name: "Word",
  fields: {
    text: { ...string, resolve: () => "hi" },
    letters: { type: new GraphQLList(GraphQLString), resolve: () => ["h", "i"] },
  },
});

/** As of a server that delivers results piece by piece. */
const schema = new GraphQLSchema({
  directives: [...specifiedDirectives, GraphQLDeferDirective, GraphQLStreamDirective],
  query: new GraphQLObjectType({ name: "Query", fields: { word: { type: word, resolve: () => ({}) } } }),
  mutation: new GraphQLObjectType({ name: "Mutation", fields: { word: { type: word, resolve: () => ({}) } } }),
  subscription: new GraphQLObjectType({
    name: "Subscription",
    fields: {
      shared: { type: word, ...subscription({ topics: () => [said()], initial: () => "x" }) },
      own: {
        type: word,
        ...subscription({ topics: () => [said()], initial: () => "x", resolveFor: (event: string) => event }),
      },
      foreign: {
        type: word,
        async *subscribe() {
          yield { foreign: {} };
        },
      },
    },
  }),
});

const selections = {
  "without a directive": "{ text letters }",
  "with @defer": "{ ... @defer { text } letters }",
  "with @defer by a variable": "{ ... @defer(if: $now) { text } letters }",
  "with @defer that is off": "{ ... @defer(if: false) { text } letters }",
  "with @defer at a fragment": '{ ...Rest @defer(label: "rest") letters } fragment Rest on Word { text }',
  "with @stream": "{ text letters @stream(initialCount: 1) }",
};

const operations = [
  "query { word",
  "mutation { word",
  "subscription { shared",
  "subscription { own",
  "subscription { foreign",
];

/** What validation lets a subscription have: it must be able to turn the directive off. */
const forSubscriptions = ["without a directive", "with @defer by a variable", "with @defer that is off"];

/** Whole documents, and the result of each. */
const documents = operations.flatMap((start) =>
  Object.entries(selections)
    .filter(([how]) => !start.startsWith("subscription") || forSubscriptions.includes(how))
    .map(([how, selection]) => {
      const [kind = "", field = ""] = start.split(" { ");
      const [used, fragment = ""] = selection.split(/ (?=fragment )/);
      const name = selection.includes("$now") ? "($now: Boolean = true)" : "";
      const data = { [field]: { text: "hi", letters: ["h", "i"] } };
      return {
        title: `${kind} ${field}`,
        how,
        query: `${kind} A${name} { ${field} ${used} } ${fragment}`,
        result: { data },
      };
    }),
);

type Ask = (url: string, query: string) => Promise<unknown>;

function post(accept: string): Ask {
  return async (url, query) => {
    const headers = { accept, "content-type": "application/json" };
    return firstResult(await fetch(url, { method: "POST", headers, body: JSON.stringify({ query }) }));
  };
}

const bySocket: Ask = async (url, query) => {
  const client = createClient({ url: url.replace("http", "ws"), webSocketImpl: WebSocket, retryAttempts: 0 });
  try {
    for await (const result of client.iterate({ query })) return result;
    return undefined;
  } finally {
    await client.dispose();
  }
};

const byHttp = post("application/json");

const transports: readonly [string, Ask][] = [
  ["WebSocket", bySocket],
  ["event stream", post("text/event-stream")],
];

async function listening(): Promise<{ readonly fanfare: Fanfare; readonly url: string } & AsyncDisposable> {
  const fanfare = createFanfare({ schema, log: silentLog });
  const { url } = await fanfare.listen({ port: 0 });
  return { fanfare, url, [Symbol.asyncDispose]: () => fanfare[Symbol.asyncDispose]() };
}

describe("a schema with @defer and @stream is served, and each result comes whole", () => {
  it.each(documents)("$title $how", async ({ query, result }) => {
    await using server = await listening();
    for (const [, ask] of transports) expect(await ask(server.url, query)).toEqual(result);
    await using results = await server.fanfare.subscribe({ query });
    expect((await results.next()).value).toEqual(result);
  });

  it.each(documents.filter(({ query }) => !query.startsWith("subscription")))(
    "$title $how, by HTTP",
    async ({ query, result }) => {
      await using server = await listening();
      expect(await byHttp(server.url, query)).toEqual(result);
    },
  );

  it("introspection", async () => {
    await using server = await listening();
    for (const [, ask] of [...transports, ["HTTP", byHttp] as const]) {
      expect(await ask(server.url, getIntrospectionQuery())).toMatchObject({ data: { __schema: { queryType: {} } } });
    }
  });

  it("and a document that uses them in a wrong way is refused as ever", async () => {
    await using server = await listening();
    expect(await byHttp(server.url, "{ word { text @stream } }")).toMatchObject({
      errors: [{ extensions: { code: "GRAPHQL_VALIDATION_FAILED" } }],
    });
  });
});
