import { serve } from "@hono/node-server";
import { createClient } from "graphql-sse";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { createFanfare, silentLog, type Fanfare, type FanfareOptions } from "fanfare";
import { fetchHandler, type FetchHandler, type FetchHandlerOptions } from "fanfare/fetch";
import { turns } from "fanfare/testing";
import { chatSchema, message, room } from "./server/chat.ts";
import { importsOf } from "./source-file.ts";
import { portOf } from "./transports/websocket-server.ts";
import { eventually } from "./eventually.ts";

type Chat = Fanfare<{ user?: string }>;

const url = "http://fanfare.example/graphql";
const lobby = `subscription { messageAdded(room: "lobby") { text } }`;
const json = { "content-type": "application/json" };
const stream = { ...json, accept: "text/event-stream" };

function chat(options: Partial<FanfareOptions<{ user?: string }>> & FetchHandlerOptions = {}) {
  const { address, ...more } = options;
  let ended = 0;
  const fanfare: Chat = createFanfare({
    schema: chatSchema(),
    log: silentLog,
    ...more,
    onUnsubscribe: () => void (ended += 1),
  });
  const handler = fetchHandler(fanfare, { ...(address && { address }) });
  return {
    fanfare,
    handler,
    get ended() {
      return ended;
    },
    post: (text: string) => fanfare.publish(room({ room: "lobby" }), message(text)),
    [Symbol.asyncDispose]: () => fanfare[Symbol.asyncDispose](),
  };
}

function post(handler: FetchHandler, body: unknown, headers: Record<string, string> = json, more: RequestInit = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return handler(new Request(url, { method: "POST", headers, body: text, ...more }));
}

function get(handler: FetchHandler, search: Record<string, string>, headers: Record<string, string> = {}) {
  return handler(new Request(`${url}?${new URLSearchParams(search).toString()}`, { headers }));
}

/** Reads a stream as text, piece by piece. */
function reading(response: Response) {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return {
    async until(wanted: string): Promise<string> {
      while (!text.includes(wanted)) {
        const { value, done } = (await reader?.read()) ?? { done: true };
        if (done) throw new Error(`The stream ended with ${text}`);
        text += value;
      }
      return text;
    },
    async whole(): Promise<string> {
      for (;;) {
        const { value, done } = (await reader?.read()) ?? { done: true };
        if (done) return text;
        text += value;
      }
    },
    cancel: () => reader?.cancel(),
  };
}

describe("The fetch handler", () => {
  it("answers a query and a mutation by POST", async () => {
    await using server = chat();
    const response = await post(server.handler, { query: "{ hi }" });
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/json; charset=utf-8"]);
    expect(await response.json()).toEqual({ data: { hi: "hello" } });
    const body = { query: "mutation M($text: String) { shout(text: $text) }", variables: { text: "ключ" } };
    expect(await (await post(server.handler, body)).json()).toEqual({ data: { shout: "КЛЮЧ" } });
  });

  it("answers a query by GET that shows where it comes from", async () => {
    await using server = chat();
    const own = await get(server.handler, { query: "{ hi }" }, { "x-graphql-require-preflight": "1" });
    expect(await own.json()).toEqual({ data: { hi: "hello" } });
    expect((await get(server.handler, { query: "{ hi }" }, { cookie: "a=b" })).status).toBe(403);
    const mutation = { query: "mutation { shout }" };
    expect((await get(server.handler, mutation, { "x-graphql-require-preflight": "1" })).status).toBe(405);
  });

  it.each([
    ["no JSON", "{", json, 400],
    ["no body", "", json, 400],
    ["another type", "{}", { "content-type": "text/plain" }, 415],
    ["a compressed body", "{}", { ...json, "content-encoding": "gzip" }, 415],
    ["too large a body", "x".repeat(300_000), json, 413],
    ["a subscription without a stream", JSON.stringify({ query: lobby }), json, 406],
  ])("answers %s with its status", async (_what, body, headers, status) => {
    await using server = chat();
    const response = await post(server.handler, body, headers);
    expect([response.status, await response.json()]).toEqual([status, { errors: [{ message: expect.any(String) }] }]);
  });

  it("knows a client's address where it is told how", async () => {
    const seen: string[] = [];
    await using server = chat({
      address: (request) => request.headers.get("x-real-ip") ?? "",
      onOperation: (_request, { peer }) => void seen.push(`${peer.address} ${peer.url}`),
    });
    await post(server.handler, { query: "{ hi }" }, { ...json, "x-real-ip": "192.0.2.1" });
    expect(seen).toEqual(["192.0.2.1 /graphql"]);
  });

  it("streams a subscription, and ends with it", async () => {
    await using server = chat();
    const response = await post(server.handler, { query: lobby }, stream);
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    const body = reading(response);
    await body.until(":\n\n");
    await turns(8);
    await server.post("one");
    await server.fanfare.end(room({ room: "lobby" }));
    expect(await body.whole()).toBe(
      ':\n\nevent: next\ndata: {"data":{"messageAdded":{"text":"one"}}}\n\nevent: complete\ndata: \n\n',
    );
  });

  it("has a single stream for many operations", async () => {
    await using server = chat();
    const token = await (await server.handler(new Request(url, { method: "PUT" }))).text();
    const body = reading(await get(server.handler, { token }, { accept: "text/event-stream" }));
    const headers = { ...json, "x-graphql-event-stream-token": token };
    for (const operationId of ["a", "b"]) {
      const started = await post(server.handler, { query: "{ hi }", extensions: { operationId } }, headers);
      expect(started.status).toBe(202);
    }
    await body.until('event: complete\ndata: {"id":"a"}\n\n');
    await body.until('event: complete\ndata: {"id":"b"}\n\n');
  });

  it("refuses with the status of a close code", async () => {
    await using server = chat({ onConnect: () => false });
    const response = await post(server.handler, { query: lobby }, stream);
    expect([response.status, await response.json()]).toEqual([403, { errors: [{ message: "Forbidden" }] }]);
  });

  it.each(["its request is aborted", "its body is cancelled"])("ends a subscription when %s", async (how) => {
    await using server = chat();
    const abort = new AbortController();
    const response = await post(server.handler, { query: lobby }, stream, { signal: abort.signal });
    const body = reading(response);
    await body.until(":\n\n");
    await turns(8);
    if (how.includes("aborted")) abort.abort();
    else await body.cancel();
    await eventually(() => expect(server.ended).toBe(1));
    await body.whole().catch(() => undefined);
  });

  it("ends a session whose client goes away before it was let in", async () => {
    const closings: number[] = [];
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    const { promise: decided, resolve: decide } = Promise.withResolvers<void>();
    await using server = chat({
      onConnect: async () => {
        ask();
        await decided;
      },
      onDisconnect: (_connection, code) => void closings.push(code),
    });
    const abort = new AbortController();
    void post(server.handler, { query: lobby }, stream, { signal: abort.signal });
    await asked;
    abort.abort();
    decide();
    await eventually(() => expect(closings).toEqual([1006]));
  });

  it("holds results back while nobody reads, and loses none of them", async () => {
    await using server = chat();
    const response = await post(server.handler, { query: lobby }, stream);
    const body = reading(response);
    await body.until(":\n\n");
    await turns(8);
    for (let index = 0; index < 100; index += 1) {
      await server.post(`${index}`.padEnd(1_000, "x"));
      await turns(2);
    }
    await server.fanfare.end(room({ room: "lobby" }));
    const whole = await body.whole();
    const texts = [...whole.matchAll(/"text":"(\d+)x/g)].map(([, index]) => Number(index));
    expect(texts).toEqual(Array.from({ length: 100 }, (_, index) => index));
  });

  it("ends a stream whose reader is too slow", async () => {
    await using server = chat();
    const response = await post(server.handler, { query: lobby }, stream);
    await turns(8);
    for (let index = 0; index < 400; index += 1) {
      await server.post("x".repeat(1_000));
      await turns(2);
    }
    await eventually(() => expect(server.ended).toBe(1));
    expect(await reading(response).whole()).not.toContain("event: complete");
  });

  it("ends its streams when the server is disposed", async () => {
    const server = chat();
    const response = await post(server.handler, { query: lobby }, stream);
    const body = reading(response);
    await body.until(":\n\n");
    await server.fanfare[Symbol.asyncDispose]();
    expect(await body.whole()).toBe(":\n\n");
    expect((await post(server.handler, { query: lobby }, stream)).status).toBe(503);
  });
});

describe.each([false, true])("Hono with the fetch handler, singleConnection: %s", (singleConnection) => {
  it("serves the client of graphql-sse", async () => {
    await using server = chat();
    const app = new Hono();
    app.all("/graphql", (context) => server.handler(context.req.raw));
    const { promise, resolve } = Promise.withResolvers<void>();
    const node = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, () => resolve());
    await promise;
    const address = `http://127.0.0.1:${portOf(node)}/graphql`;
    const client = createClient({ url: address, singleConnection });
    const results: unknown[] = [];
    const query = client.iterate({ query: "{ hi }" });
    for await (const result of query) results.push(result);
    const ended = new Promise<void>((complete, error) => {
      client.subscribe({ query: lobby }, { next: (result) => results.push(result), error, complete: () => complete() });
    });
    await eventually(async () => {
      await server.post("one");
      expect(results).toContainEqual({ data: { messageAdded: { text: "one" } } });
    });
    await server.fanfare.end(room({ room: "lobby" }));
    await ended;
    expect(results[0]).toEqual({ data: { hi: "hello" } });
    // Whoever leaves is missed.
    const left = client.iterate({ query: lobby });
    const first = left.next();
    await eventually(async () => {
      await server.post("two");
      expect(await Promise.race([first, turns(20)])).toMatchObject({ value: { data: { messageAdded: {} } } });
    });
    await left.return?.(undefined);
    await eventually(() => expect(server.ended).toBe(2));
    client.dispose();
    node.close();
  });
});

it("The fetch handler and what it shares with Node's need nothing of Node", () => {
  const first = ["src/fetch.ts", "src/transports/http/service.ts", "src/transports/event-stream/event-stream.ts"];
  const seen = new Set(first);
  const foreign: string[] = [];
  for (const file of seen) {
    for (const { from, to, external, typeOnly } of importsOf(file)) {
      if (typeOnly) continue;
      if (!external) seen.add(to);
      else if (to.startsWith("node:")) foreign.push(`${from} -> ${to}`);
    }
  }
  expect(seen.size).toBeGreaterThan(10);
  expect(foreign).toEqual([]);
});
