import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { graphqlTransportWs } from "../../../src/dialects/graphql-transport-ws.ts";
import { listen, type ServerOptions } from "../../../src/transports/server/listen.ts";
import { websocketTransport } from "../../../src/transports/websocket/websocket.ts";
import { greeter } from "../greeter.ts";
import { plainHttp } from "../request-engine.ts";
import { connected, WebSocketClient } from "../websocket-client.ts";
import { closeServer, listenAnywhere, recordedLog } from "../websocket-server.ts";

const log = recordedLog();

function serve(options: Partial<ServerOptions> = {}) {
  return listen({ port: 0, http: plainHttp(), log, ...options });
}

const query = {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ query: "{ hi }" }),
};

describe("listening alone", () => {
  it("serves GraphQL at its path and 404 elsewhere", async () => {
    await using listening = await serve({ path: "/api/graphql" });
    expect(listening.url).toBe(`http://127.0.0.1:${listening.port}/api/graphql`);
    expect((await fetch(listening.url, query)).status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${listening.port}/`)).status).toBe(404);
    using client = new WebSocketClient(`ws://127.0.0.1:${listening.port}/`);
    expect(await client.ended).toMatchObject({ status: 404 });
  });

  it("writes the URL of an IPv6 address in brackets", async () => {
    await using listening = await serve({ host: "::1" });
    expect(listening.url).toBe(`http://[::1]:${listening.port}/graphql`);
    expect((await fetch(listening.url, query)).status).toBe(200);
  });

  it("rejects when the port is taken", async () => {
    const other = createServer();
    const port = await listenAnywhere(other);
    await expect(serve({ port })).rejects.toMatchObject({ code: "EADDRINUSE" });
    await closeServer(other);
  });

  it("rejects a path without a slash", async () => {
    await expect(serve({ path: "graphql" })).rejects.toMatchObject({ code: "BAD_OPTION" });
  });

  it("cuts a connection whose headers do not come", async () => {
    await using listening = await serve({ limits: { headersMilliseconds: 50 } });
    const socket = connect(listening.port, "127.0.0.1");
    socket.write("GET /graphql HTTP/1.1\r\n");
    const [answer] = await once(socket, "data");
    expect(String(answer)).toMatch(/^HTTP\/1\.1 408 /);
    socket.destroy();
  });

  it("cuts a connection that says nothing at all", async () => {
    await using listening = await serve({ limits: { headersMilliseconds: 50 } });
    const socket = connect(listening.port, "127.0.0.1");
    socket.resume();
    await once(socket, "close");
    expect(socket.bytesWritten).toBe(0);
  });

  it("cuts a connection whose body does not come", async () => {
    await using listening = await serve({ limits: { requestMilliseconds: 50 } });
    const socket = connect(listening.port, "127.0.0.1");
    socket.write(
      "POST /graphql HTTP/1.1\r\nHost: example.com\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n",
    );
    const [answer] = await once(socket, "data");
    expect(String(answer)).toMatch(/^HTTP\/1\.1 408 /);
    socket.destroy();
  });

  it.each([
    {
      requestHeaders: 2,
      outcome: "refuses, or as older versions of Node do, ignores",
      answered: /^HTTP\/1\.1 431 |\b2$/,
    },
    { requestHeaders: Infinity, outcome: "takes", answered: /\b1503$/ },
  ])("$outcome headers over the limit of $requestHeaders", async ({ requestHeaders, answered }) => {
    await using listening = await serve({
      http: ({ headers }, response) => response.end(String(Object.keys(headers).length)),
      limits: { requestHeaders },
    });
    const socket = connect(listening.port, "127.0.0.1");
    const many = Array.from({ length: 1_500 }, (_, index) => `x${index}: 1\r\n`).join("");
    socket.write(`GET /graphql HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\nConnection: close\r\n${many}\r\n`);
    const [answer] = await once(socket, "data");
    expect(String(answer)).toMatch(answered);
    socket.destroy();
  });

  it("sets no time where the limits are off", async () => {
    const limits = { headersMilliseconds: Infinity, requestMilliseconds: Infinity };
    await using listening = await serve({ limits });
    expect([listening.server.headersTimeout, listening.server.requestTimeout]).toEqual([0, 0]);
  });

  it("stops listening on disposal, and answers what was running", async () => {
    const { promise: arrived, resolve } = Promise.withResolvers<ServerResponse>();
    const listening = await serve({ http: (_request, response) => resolve(response) });
    const running = fetch(listening.url);
    const response = await arrived;
    const disposal = listening[Symbol.asyncDispose]();
    await expect(fetch(listening.url)).rejects.toThrow("fetch failed");
    response.end("done");
    expect(await (await running).text()).toBe("done");
    await disposal;
    expect(listening.server.listening).toBe(false);
  });

  it("does not wait for ever for what is running", async () => {
    const listening = await serve({ http() {}, limits: { closeMilliseconds: 50 } });
    const running = fetch(listening.url).catch(() => "cut");
    await expect.poll(() => new Promise((resolve) => listening.server.getConnections((_, n) => resolve(n)))).toBe(1);
    await listening[Symbol.asyncDispose]();
    expect(await running).toBe("cut");
  });

  it.each([
    ["nothing was ever asked", ""],
    ["the last answer was read", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"],
  ])("does not wait for a connection on which %s", async (_what, asked) => {
    const listening = await serve({ limits: { closeMilliseconds: 60_000 } });
    const socket = connect(listening.port, "127.0.0.1");
    socket.on("error", () => undefined);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    await once(listening.server, "connection");
    if (asked !== "") socket.write(asked);
    if (asked !== "") await once(socket, "data");
    socket.resume();
    await listening[Symbol.asyncDispose]();
    await closed;
    expect(socket.destroyed).toBe(true);
  });

  it("leaves WebSockets to their transport on disposal", async () => {
    const websocket = websocketTransport({ dialects: [graphqlTransportWs()], accept: greeter, log });
    const listening = await serve({ websocket, limits: { closeMilliseconds: 50 } });
    using client = await connected(listening.url.replace("http", "ws"));
    await listening[Symbol.asyncDispose]();
    expect(websocket.connections).toBe(1);
    await websocket[Symbol.asyncDispose]();
    expect(await client.ended).toMatchObject({ code: 1001 });
  });
});
