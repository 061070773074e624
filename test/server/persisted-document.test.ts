import { createClient } from "graphql-ws";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { GraphQLError } from "graphql";
import type { FanfareOptions, OperationRequest } from "fanfare";
import { TestClient } from "fanfare/testing";
import { echoServer, firstResult, type EchoServer } from "../transports/http/http-server.ts";

const documents: Readonly<Record<string, string>> = {
  ask: 'query ($text: String = "asked") { echo(text: $text) }',
  change: "mutation { change }",
  listen: 'subscription { said(room: "attic") }',
};

/** Trusted documents: a client sends a name, in whichever way it has, and nothing else is executed. */
const trusted: FanfareOptions["onOperation"] = (request) => {
  const name = request.query || String(request.extensions?.["document"]);
  const query = documents[name];
  if (query === undefined) throw new GraphQLError("No such document", { extensions: { code: "UNKNOWN_DOCUMENT" } });
  return { ...request, query };
};

const expected: Readonly<Record<string, unknown>> = {
  ask: { data: { echo: "asked" } },
  change: { data: { change: "changed" } },
  listen: { data: { said: "attic" } },
};

type Sent = Partial<OperationRequest>;

/** Ways to name a document. */
const namings: readonly [string, (name: string) => Sent][] = [
  ["no query", (name) => ({ extensions: { document: name } })],
  ["an empty query", (name) => ({ query: "", extensions: { document: name } })],
  ["the name as the query", (name) => ({ query: name })],
];

const json = { "content-type": "application/json" };

function post({ url }: EchoServer, body: Sent, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { method: "POST", headers: { ...json, ...headers }, body: JSON.stringify(body) });
}

function get(
  { url }: EchoServer,
  { query, extensions }: Sent,
  headers: Record<string, string> = {},
): Promise<Response> {
  const search = { ...(query !== undefined && { query }), extensions: JSON.stringify(extensions ?? {}) };
  return fetch(`${url}?${new URLSearchParams(search).toString()}`, { headers: { ...json, ...headers } });
}

/** The first result by a WebSocket, or its errors. */
async function bySocket({ url }: EchoServer, sent: Sent): Promise<unknown> {
  const client = createClient({ url: url.replace("http", "ws"), webSocketImpl: WebSocket, retryAttempts: 0 });
  try {
    // This client sends no request without a query, though it may be empty.
    for await (const result of client.iterate({ query: "", ...sent })) return result;
    return undefined;
  } catch (errors) {
    return { errors };
  } finally {
    await client.dispose();
  }
}

const stream = { accept: "text/event-stream" };

describe.each(namings)("a hook puts a document in for %s", (_how, naming) => {
  it.each(["ask", "change", "listen"])("by WebSocket: %s", async (name) => {
    await using server = await echoServer({ onOperation: trusted });
    expect(await bySocket(server, naming(name))).toEqual(expected[name]);
  });

  it.each(["ask", "change"])("by HTTP: %s", async (name) => {
    await using server = await echoServer({ onOperation: async (...given) => trusted(...given) });
    expect(await (await post(server, naming(name))).json()).toEqual(expected[name]);
  });

  it("by HTTP with GET, and never a mutation", async () => {
    await using server = await echoServer({ onOperation: trusted });
    expect(await (await get(server, naming("ask"))).json()).toEqual(expected["ask"]);
    expect((await get(server, naming("change"))).status).toBe(405);
  });

  it("by HTTP, where a subscription is referred to a stream", async () => {
    await using server = await echoServer({ onOperation: trusted });
    expect((await post(server, naming("listen"))).status).toBe(406);
  });

  it.each(["ask", "change", "listen"])("in an event stream: %s", async (name) => {
    await using server = await echoServer({ onOperation: trusted });
    expect(await firstResult(await post(server, naming(name), stream))).toEqual(expected[name]);
  });

  it("in an event stream by GET, and never a mutation (PROTOCOL 7.3)", async () => {
    await using server = await echoServer({ onOperation: trusted });
    expect(await firstResult(await get(server, naming("listen"), stream))).toEqual(expected["listen"]);
    expect(await firstResult(await get(server, naming("change"), stream))).toEqual({
      errors: [{ message: "A mutation must be sent by POST", extensions: { code: "BAD_REQUEST" } }],
    });
  });

  it("in a stream that is accepted after JSON: a subscription only", async () => {
    await using server = await echoServer({ onOperation: trusted });
    const both = { accept: "application/json, text/event-stream" };
    for (const [name, type] of [
      ["ask", "application/json"],
      ["listen", "text/event-stream"],
    ] as const) {
      const response = await post(server, naming(name), both);
      expect(response.headers.get("content-type")).toContain(type);
      expect(await firstResult(response)).toEqual(expected[name]);
    }
  });
});

describe("a hook that changes a request", () => {
  it("may change its variables, and gives the context the changed request", async () => {
    const seen: unknown[] = [];
    await using server = await echoServer({
      onOperation: () => ({ query: documents["ask"] ?? "", variables: { text: "changed" } }),
      context: ({ request }) => void seen.push(request.variables),
    });
    expect(await (await post(server, { query: "{ echo }" })).json()).toEqual({ data: { echo: "changed" } });
    expect(await bySocket(server, { query: "{ echo }" })).toEqual({ data: { echo: "changed" } });
    expect(seen).toEqual([{ text: "changed" }, { text: "changed" }]);
  });

  it("may answer nothing, or refuse with an error of its own", async () => {
    const unknown = { errors: [{ message: "No such document", extensions: { code: "UNKNOWN_DOCUMENT" } }] };
    await using server = await echoServer({ onOperation: trusted });
    const answer = await post(server, { query: "{ echo }" });
    expect([answer.status, await answer.json()]).toEqual([200, unknown]);
    expect(await bySocket(server, { query: "{ echo }" })).toEqual(unknown);
    await using open = await echoServer({ onOperation: () => undefined });
    expect(await bySocket(open, { query: '{ echo(text: "x") }' })).toEqual({ data: { echo: "x" } });
  });

  it.each([
    ["a request without a query", {}],
    ["a parsed document", { query: { kind: "Document" } }],
  ])("is told in the log when it answers %s, which is not executed", async (_what, answer) => {
    const logged: unknown[] = [];
    const error = (_message: string, details?: object): void => void logged.push(details);
    await using server = await echoServer({
      // What plain JavaScript may answer.
      onOperation: () => JSON.parse(JSON.stringify(answer)),
      log: { warn: () => undefined, error },
    });
    const masked = { errors: [{ message: "Internal server error", extensions: { code: "INTERNAL_SERVER_ERROR" } }] };
    expect(await bySocket(server, { query: "{ echo }" })).toEqual(masked);
    expect(await (await post(server, { query: "{ echo }" })).json()).toEqual(masked);
    expect(logged.map(String).length).toBe(2);
  });
});

describe("a request without a document (PROTOCOL 3.1)", () => {
  const missing = { message: "Missing query", extensions: { code: "BAD_REQUEST" } };
  const unsupported = { message: "PersistedQueryNotSupported", extensions: { code: "PERSISTED_QUERY_NOT_SUPPORTED" } };
  const persisted = { extensions: { persistedQuery: { version: 1, sha256Hash: "abc" } } };

  it("is answered with an error, and the connection goes on", async () => {
    await using server = await echoServer();
    await using client = new TestClient(server.fanfare);
    await client.connectAndInit();
    for (const payload of [{ extensions: {} }, { query: null, extensions: {} }, { query: "" }]) {
      client.send({ id: "1", type: "subscribe", payload });
      expect(await client.receiveError("1")).toEqual([missing]);
    }
    expect(await client.execute("{ echo }")).toEqual({ data: { echo: null } });
  });

  it("is answered with 400 by HTTP", async () => {
    await using server = await echoServer();
    for (const answer of [
      await post(server, { extensions: {} }),
      await post(server, { query: "" }),
      await get(server, {}),
    ]) {
      expect([answer.status, await answer.json()]).toEqual([400, { errors: [missing] }]);
    }
  });

  it("that names one by its hash is told that the server keeps none", async () => {
    await using server = await echoServer();
    expect(await bySocket(server, persisted)).toEqual({ errors: [unsupported] });
    for (const answer of [await post(server, persisted), await get(server, persisted)]) {
      expect([answer.status, await answer.json()]).toEqual([200, { errors: [unsupported] }]);
    }
    expect(await firstResult(await post(server, persisted, stream))).toEqual({ errors: [unsupported] });
  });
});

it("A batch is refused by name", async () => {
  await using server = await echoServer();
  for (const body of ['[{"query":"{echo}"}]', " \n[]"]) {
    const answer = await fetch(server.url, { method: "POST", headers: json, body });
    expect([answer.status, await answer.json()]).toEqual([
      400,
      { errors: [{ message: "Batches are not supported; send each operation in a request of its own" }] },
    ]);
  }
});
