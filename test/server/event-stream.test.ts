import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { createServer } from "node:http";
import express from "express";
import { GraphQLError } from "graphql";
import { createClient, type Client, type ClientOptions } from "graphql-sse";
import { createClient as createWebSocketClient } from "graphql-ws";
import { EventSource } from "eventsource";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { closeServer, listenAnywhere } from "../transports/websocket-server.ts";
import { room } from "./chat.ts";
import { streamingChat, type StreamingChat } from "./streaming-chat.ts";

const lobby = `subscription { messageAdded(room: "lobby") { text } }`;
const added = (text: string) => ({ data: { messageAdded: { text } } });

/** The client as it comes, but for its waiting before it tries again. */
function client(url: string, options: Partial<ClientOptions<boolean>> = {}): Client<boolean> & Disposable {
  const made = createClient({ url, retry: async () => {}, ...options });
  return { ...made, [Symbol.dispose]: () => made.dispose() };
}

async function next(results: AsyncIterator<unknown>): Promise<unknown> {
  const { value, done } = await results.next();
  return done ? "complete" : value;
}

describe.each([
  ["distinct connections", false],
  ["a single connection", true],
])("the client of graphql-sse 2 with %s", (_name, singleConnection) => {
  it("queries", async () => {
    await using chat = await streamingChat();
    using sse = client(chat.url, { singleConnection });
    const results = sse.iterate({ query: "{ hi }" });
    expect(await next(results)).toEqual({ data: { hi: "hello" } });
    expect(await next(results)).toBe("complete");
  });

  it("mutates, with variables", async () => {
    await using chat = await streamingChat();
    using sse = client(chat.url, { singleConnection });
    const query = "mutation M($text: String) { shout(text: $text) }";
    const results = sse.iterate({ query, variables: { text: "ключ\n\u2028" } });
    expect(await next(results)).toEqual({ data: { shout: "КЛЮЧ\n\u2028" } });
    expect(await next(results)).toBe("complete");
  });

  it("gets every event from the moment its subscription is live, in order", async () => {
    await using chat = await streamingChat();
    using sse = client(chat.url, { singleConnection });
    const results = sse.iterate({ query: lobby });
    await chat.started(1);
    for (let count = 0; count < 100; count += 1) await chat.post(`${count}`);
    for (let count = 0; count < 100; count += 1) expect(await next(results)).toEqual(added(`${count}`));
  });

  it("runs two operations at once, and each gets its own", async () => {
    await using chat = await streamingChat();
    using sse = client(chat.url, { singleConnection });
    const all = sse.iterate({ query: lobby });
    const bobs = sse.iterate({ query: `subscription { messageAdded(room: "lobby", author: "Bob") { id } }` });
    await chat.started(2);
    await chat.post("one", "Ada");
    await chat.post("two", "Bob");
    expect([await next(all), await next(all)]).toEqual([added("one"), added("two")]);
    expect(await next(bobs)).toEqual({ data: { messageAdded: { id: "two" } } });
  });

  it("gets the error of a resolver within a result, and the next event", async () => {
    await using chat = await streamingChat();
    using sse = client(chat.url, { singleConnection });
    const results = sse.iterate({ query: `subscription { messageAdded(room: "lobby") { text broken } }` });
    await chat.started(1);
    await chat.post("one");
    await chat.post("two");
    expect(await next(results)).toMatchObject({
      data: { messageAdded: { text: "one", broken: null } },
      errors: [{ message: "broken on purpose", path: ["messageAdded", "broken"] }],
    });
    expect(await next(results)).toMatchObject({ data: { messageAdded: { text: "two" } } });
  });

  it.each([
    ["is not valid", "subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"],
    ["has a syntax error", "subscription {", "GRAPHQL_PARSE_FAILED"],
    ["has two operations", "query A { hi } query B { hi }", "OPERATION_RESOLUTION_FAILURE"],
  ])("gets the errors of a document that %s as its only result (PROTOCOL 11.4)", async (_what, query, code) => {
    await using chat = await streamingChat();
    using sse = client(chat.url, { singleConnection });
    const results = sse.iterate({ query });
    expect(await next(results)).toMatchObject({ errors: [{ extensions: { code } }] });
    expect(await next(results)).toBe("complete");
  });

  it("gets the error with which a hook cancels its operation", async () => {
    await using chat = await streamingChat({
      onSubscribe: () => {
        throw new GraphQLError("Not today");
      },
    });
    using sse = client(chat.url, { singleConnection });
    const results = sse.iterate({ query: lobby });
    expect(await next(results)).toMatchObject({ errors: [{ message: "Not today" }] });
    expect(await next(results)).toBe("complete");
  });

  it("ends its subscription on the server by leaving it", async () => {
    await using chat = await streamingChat();
    using sse = client(chat.url, { singleConnection });
    const results = sse.iterate({ query: lobby });
    await chat.started(1);
    await results.return?.(undefined);
    expect(await chat.ended(1)).toBe(1);
  });

  it("is told when the server ends the topic", async () => {
    await using chat = await streamingChat();
    using sse = client(chat.url, { singleConnection });
    const results = sse.iterate({ query: lobby });
    await chat.started(1);
    await chat.post("last");
    await chat.fanfare.end(room({ room: "lobby" }));
    expect(await next(results)).toEqual(added("last"));
    expect(await next(results)).toBe("complete");
  });

  it("comes back by itself when its connection is lost", async () => {
    await using chat = await streamingChat();
    let stream: AbortController | undefined;
    // The network is cut under the client: it sees a body that fails.
    const fetchFn = async (url: string, init: RequestInit): Promise<Response> => {
      const response = await fetch(url, init);
      if (!response.body || new Headers(init.headers).get("accept") !== "text/event-stream") return response;
      const cut = new AbortController();
      stream = cut;
      const body = new ReadableStream<Uint8Array>({
        async start(controller) {
          cut.signal.addEventListener("abort", () => controller.error(new Error("cut")));
          for await (const chunk of response.body ?? []) if (!cut.signal.aborted) controller.enqueue(chunk);
        },
      });
      return new Response(body, response);
    };
    using sse = client(chat.url, { singleConnection, fetchFn });
    const results = sse.iterate({ query: lobby });
    await chat.started(1);
    await chat.post("before");
    expect(await next(results)).toEqual(added("before"));
    const after = next(results);
    stream?.abort();
    await chat.started(2);
    await chat.post("after");
    expect(await after).toEqual(added("after"));
  });

  it("comes back by itself when the server closes its stream", async () => {
    const connections: { close(code: number): void }[] = [];
    await using chat = await streamingChat({ onConnect: (_params, connection) => void connections.push(connection) });
    using sse = client(chat.url, { singleConnection });
    const results = sse.iterate({ query: lobby });
    await chat.started(1);
    const after = next(results);
    connections[0]?.close(1012);
    await chat.started(2);
    await chat.post("after");
    expect(await after).toEqual(added("after"));
  });

  it("is refused with the status of the close code", async () => {
    await using chat = await streamingChat({ onConnect: () => false });
    using sse = client(chat.url, { singleConnection, retryAttempts: 0 });
    const results = sse.iterate({ query: lobby });
    await expect(next(results)).rejects.toThrow("Server responded with 403: Forbidden");
  });
});

describe("the client of graphql-sse 2 with a single connection", () => {
  it("may use an operation's id again when the operation has ended", async () => {
    await using chat = await streamingChat();
    using sse = client(chat.url, { singleConnection: true, generateID: () => "same" });
    for (const text of ["one", "two"]) {
      const results = sse.iterate({ query: "mutation M($text: String) { shout(text: $text) }", variables: { text } });
      expect(await next(results)).toEqual({ data: { shout: text.toUpperCase() } });
      expect(await next(results)).toBe("complete");
    }
  });
});

const search = (query: string) => new URLSearchParams({ query }).toString();
/** The page of the server itself: browsers say so by themselves. */
const samePage: typeof fetch = (url, init) =>
  fetch(url, { ...init, headers: { accept: "text/event-stream", "x-graphql-require-preflight": "1" } });

describe("a bare EventSource", () => {
  it("subscribes by GET and hears next and complete", async () => {
    await using chat = await streamingChat();
    const source = new EventSource(`${chat.url}?${search(lobby)}`, { fetch: samePage });
    const events: string[] = [];
    const { promise: complete, resolve } = Promise.withResolvers<void>();
    source.addEventListener("next", ({ data }) => events.push(data));
    source.addEventListener("complete", ({ data }) => {
      events.push(data);
      resolve();
    });
    await chat.started(1);
    await chat.post("one");
    await chat.post("two");
    await chat.fanfare.end(room({ room: "lobby" }));
    await complete;
    source.close();
    expect(events).toEqual([JSON.stringify(added("one")), JSON.stringify(added("two")), ""]);
  });

  it("ends its subscription by closing", async () => {
    await using chat = await streamingChat();
    const source = new EventSource(`${chat.url}?${search(lobby)}`, { fetch: samePage });
    await chat.started(1);
    source.close();
    expect(await chat.ended(1)).toBe(1);
  });

  it("opens a reserved stream by the token in its URL", async () => {
    await using chat = await streamingChat();
    const token = await fetch(chat.url, { method: "PUT" }).then((response) => response.text());
    const source = new EventSource(`${chat.url}?token=${token}`);
    const heard = new Promise<string>((resolve) => {
      source.addEventListener("next", ({ data }) => resolve(data));
    });
    const body = JSON.stringify({ query: "{ hi }", extensions: { operationId: "q" } });
    const headers = { "content-type": "application/json", "x-graphql-event-stream-token": token };
    expect((await fetch(chat.url, { method: "POST", headers, body })).status).toBe(202);
    expect(JSON.parse(await heard)).toEqual({ id: "q", payload: { data: { hi: "hello" } } });
    source.close();
  });
});

describe("The limits of a connection", () => {
  const json = { "content-type": "application/json" };

  /** Reserves and opens a stream, and answers what is needed to use it. */
  async function single(chat: StreamingChat) {
    const reserved = await fetch(chat.url, { method: "PUT" });
    const headers = { ...json, "x-graphql-event-stream-token": await reserved.text() };
    const stream = await fetch(chat.url, { headers: { ...headers, accept: "text/event-stream" } });
    const start = (operationId: string, query: string) =>
      fetch(chat.url, { method: "POST", headers, body: JSON.stringify({ query, extensions: { operationId } }) });
    return { stream, start };
  }

  it("hold for streams that are reserved", async () => {
    await using chat = await streamingChat({ limits: { reservations: 1 } });
    expect((await fetch(chat.url, { method: "PUT" })).status).toBe(201);
    expect((await fetch(chat.url, { method: "PUT" })).status).toBe(503);
  });

  it("hold for the operations of a single stream", async () => {
    await using chat = await streamingChat({ limits: { operations: 1 } });
    const { stream, start } = await single(chat);
    expect((await start("a", lobby)).status).toBe(202);
    expect((await start("b", lobby)).status).toBe(202);
    let text = "";
    for await (const piece of stream.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += piece;
      if (text.includes("event: complete")) break;
    }
    expect(text).toMatch(/event: next\ndata: \{"id":"b","payload":\{"errors":\[.*TOO_MANY_OPERATIONS.*\]\}\}\n\n/);
    expect(text).toContain('event: complete\ndata: {"id":"b"}\n\n');
  });

  it("hold for how often its client may ask for something", async () => {
    await using chat = await streamingChat({ limits: { messageBurst: 3, messagesPerSecond: 0.001 } });
    const { stream, start } = await single(chat);
    expect((await start("a", "{ hi }")).status).toBe(202);
    expect((await start("b", "{ hi }")).status).toBe(202);
    expect((await start("c", "{ hi }")).status).toBe(429);
    await stream.text();
    expect(chat.closings).toEqual([{ code: 4429, reason: "Too many messages" }]);
  });

  it("hold for what a client may send before it was let in", async () => {
    await using chat = await streamingChat();
    const body = JSON.stringify({ query: "{ hi }", variables: { large: "x".repeat(70_000) } });
    const response = await fetch(chat.url, { method: "POST", headers: { ...json, accept: "text/event-stream" }, body });
    expect([response.status, await response.json()]).toEqual([
      400,
      { errors: [{ message: "A message may have at most 65536 bytes" }] },
    ]);
  });
});

describe("Event streams", () => {
  it("are served by the handler in a framework, and on an attached path", async () => {
    await using chat = await streamingChat();
    const app = express();
    app.use(express.json());
    app.use("/mounted", chat.fanfare.nodeHandler);
    const server = createServer(app);
    const attached = chat.fanfare.attach(server);
    const port = await listenAnywhere(server);
    for (const path of ["mounted", "graphql"]) {
      using sse = client(`http://127.0.0.1:${port}/${path}`);
      const results = sse.iterate({ query: "{ hi }" });
      expect([await next(results), await next(results)]).toEqual([{ data: { hi: "hello" } }, "complete"]);
    }
    attached[Symbol.dispose]();
    await closeServer(server);
  });

  it("give a result to all who asked the same, executed once, next to WebSockets", async () => {
    const executed: number[] = [];
    const hear = (told: unknown): void => {
      if (typeof told === "object" && told !== null && "members" in told) executed.push(Number(told.members));
    };
    subscribe("fanfare:event.executed", hear);
    await using chat = await streamingChat();
    using sse = client(chat.url);
    using shared = client(chat.url, { singleConnection: true });
    const webSocket = createWebSocketClient({ url: chat.url.replace("http", "ws"), webSocketImpl: WebSocket });
    const all = [sse, shared, webSocket].map((each) => each.iterate({ query: lobby }));
    const firsts = all.map((results) => next(results));
    await chat.started(3);
    await chat.post("one");
    expect(await Promise.all(firsts)).toEqual([added("one"), added("one"), added("one")]);
    expect(executed).toEqual([3]);
    unsubscribe("fanfare:event.executed", hear);
    await webSocket.dispose();
  });
});
