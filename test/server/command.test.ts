import { createServer } from "node:http";
import { GraphQLError, GraphQLNonNull, GraphQLString, type GraphQLFieldConfig } from "graphql";
import { describe, expect, it } from "vitest";
import { command, createFanfare, silentLog, type Fanfare, type FanfareOptions, type OperationContext } from "fanfare";
import { closeServer, listenAnywhere } from "../transports/websocket-server.ts";
import { chatSchema } from "./chat.ts";
import { connected } from "./connected.ts";

type Context = Partial<OperationContext> & { readonly user?: string };

let rung = 0;

async function* ring({ name }: { readonly name: string }, context: Context): AsyncGenerator<string> {
  rung += 1;
  if (name === "broken") throw new GraphQLError("The bell is broken");
  if (name === "stolen") return;
  yield `${name} for ${context.user ?? context.operation?.peer?.address}`;
}

const args = { name: { type: new GraphQLNonNull(GraphQLString) } };
const bell: GraphQLFieldConfig<unknown, Context> = {
  type: GraphQLString,
  args,
  subscribe: command((_source: unknown, given: { readonly name: string }, context: Context) => ring(given, context)),
  resolve: (value) => value,
};
const wrapped: GraphQLFieldConfig<unknown, Context> = {
  ...bell,
  subscribe: (_source, given, context) => ring({ name: String(given["name"]) }, context),
  extensions: { fanfare: { command: true } },
};

function refuse(): never {
  throw new GraphQLError("Not today");
}

interface Bells extends AsyncDisposable {
  readonly fanfare: Fanfare<{ user?: string }>;
  ask(query: string, init?: RequestInit & { readonly operationName?: string }): Promise<Response>;
  get(query: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
}

async function bells(options: Partial<FanfareOptions<{ user?: string }>> = {}): Promise<Bells> {
  const fanfare = createFanfare({ schema: chatSchema({ bell, wrapped }), log: silentLog, ...options });
  const server = createServer(fanfare.nodeHandler);
  const url = `http://127.0.0.1:${await listenAnywhere(server)}/graphql`;
  return {
    fanfare,
    ask: (query, { operationName, headers, ...init } = {}) =>
      fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json", ...Object.fromEntries(new Headers(headers)) },
        body: JSON.stringify({ query, operationName }),
        ...init,
      }),
    get: (query, headers = {}) =>
      fetch(`${url}?${new URLSearchParams({ query }).toString()}`, {
        headers: { "x-graphql-require-preflight": "1", ...headers },
      }),
    async [Symbol.asyncDispose]() {
      await fanfare[Symbol.asyncDispose]();
      await closeServer(server);
    },
  };
}

describe("A command", () => {
  it.each(["bell", "wrapped"])("by POST is answered with its one result (PROTOCOL 7.4): %s", async (field) => {
    await using server = await bells();
    const answer = await server.ask(`subscription { it: ${field}(name: "door") }`);
    expect([answer.status, await answer.json()]).toEqual([200, { data: { it: "door for 127.0.0.1" } }]);
  });

  it("has the context, the hooks and the formats of any operation", async () => {
    const hooks: string[] = [];
    await using server = await bells({
      context: ({ request, connection }) => ({ user: `${request.operationName} at ${connection.peer.url}` }),
      onOperation: () => void hooks.push("operation"),
      onSubscribe: () => void hooks.push("subscribe"),
      onUnsubscribe: ({ name }) => void hooks.push(`unsubscribe ${name}`),
      formatResponse: (result) => ({ ...result, extensions: { formatted: true } }),
    });
    const query = 'query Other { hi } subscription Ring { bell(name: "door") }';
    const answer = await server.ask(query, { operationName: "Ring" });
    expect(await answer.json()).toEqual({
      data: { bell: "door for Ring at /graphql" },
      extensions: { formatted: true },
    });
    expect(hooks).toEqual(["operation", "subscribe", "unsubscribe Ring"]);
  });

  it.each([
    ['subscription { bell(name: "broken") }', "The bell is broken"],
    ['subscription { bell(name: "stolen") }', "This subscription has no result that HTTP could be answered with"],
    [
      "subscription { bell }",
      'Argument "Subscription.bell(name:)" of type "String!" is required, but it was not provided.',
    ],
    [
      "subscription { ...A } fragment A on Subscription { ...A bell(name: 1) }",
      'Cannot spread fragment "A" within itself.',
    ],
  ])("that fails says so: %s", async (query, message) => {
    await using server = await bells();
    const answer = await server.ask(query);
    const { errors } = await answer.json();
    expect([answer.status, errors[0].message]).toEqual([200, message]);
  });

  it.each(["onOperation", "onSubscribe"] as const)("is not carried out if %s refuses", async (hook) => {
    await using server = await bells({ [hook]: refuse });
    const before = rung;
    const answer = await server.ask('subscription { bell(name: "door") }');
    expect(await answer.json()).toMatchObject({ errors: [{ message: "Not today" }] });
    expect(rung).toBe(before);
  });

  it("that a hook makes another subscription of is refused", async () => {
    const query = 'subscription { messageAdded(room: "lobby") { text } }';
    await using server = await bells({ onSubscribe: () => ({ query }) });
    const answer = await server.ask('subscription { bell(name: "door") }');
    const message = "This subscription has no result that HTTP could be answered with";
    expect(await answer.json()).toMatchObject({ errors: [{ message }] });
  });

  it("by GET is refused, as JSON and as a stream (PROTOCOL 7.3)", async () => {
    await using server = await bells();
    const before = rung;
    for (const accept of ["application/json", "text/event-stream"]) {
      const answer = await server.get('subscription { bell(name: "door") }', { accept });
      expect([answer.status, answer.headers.get("allow")]).toEqual([405, "POST"]);
    }
    expect(rung).toBe(before);
  });

  it("is an ordinary subscription for who asks for a stream, and by WebSocket", async () => {
    await using server = await bells();
    const stream = await server.ask('subscription { bell(name: "door") }', {
      headers: { accept: "text/event-stream" },
    });
    const text = await stream.text();
    expect(text).toContain('event: next\ndata: {"data":{"bell":"door for 127.0.0.1"}}');
    expect(text).toContain("event: complete");
    const client = await connected(server.fanfare);
    const id = client.start('subscription { bell(name: "gate") }');
    expect(await client.receiveNext(id)).toEqual({ data: { bell: "gate for 127.0.0.1" } });
    await client.receiveComplete(id);
  });

  it("is answered at once for who would take a stream, too", async () => {
    await using server = await bells();
    const accept = "application/json, text/event-stream";
    const answer = await server.ask('subscription { bell(name: "door") }', { headers: { accept } });
    expect(await answer.json()).toEqual({ data: { bell: "door for 127.0.0.1" } });
  });

  it.each([
    'subscription { messageAdded(room: "lobby") { text } }',
    'subscription { bell(name: "door") ... on Subscription { messageAdded(room: "lobby") { text } } }',
    "subscription { nothing }",
    "subscription { ...nothing }",
    "subscription { __typename }",
  ])("is nothing else: %s (PROTOCOL 7.4)", async (query) => {
    await using server = await bells();
    const answer = await server.ask(query);
    expect(answer.status).toBe(406);
  });
});
