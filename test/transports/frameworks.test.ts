import { createServer, type Server } from "node:http";
import { serve } from "@hono/node-server";
import express from "express";
import fastify from "fastify";
import { createClient } from "graphql-ws";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { createFanfare, silentLog } from "fanfare";
import { graphqlTransportWs } from "../../src/dialects/graphql-transport-ws.ts";
import { attach } from "../../src/transports/server/attach.ts";
import { websocketTransport } from "../../src/transports/websocket/websocket.ts";
import { chatSchema } from "../server/chat.ts";
import { greeter } from "./greeter.ts";
import { plainHttp } from "./request-engine.ts";
import { listenAnywhere, portOf, recordedLog } from "./websocket-server.ts";
import { connected, WebSocketClient } from "./websocket-client.ts";

interface Running {
  readonly server: Server;
  readonly port: number;
  close(): unknown;
}

/** Each serves `theirs` at every path, parses bodies of JSON, and listens. */
const frameworks: Readonly<Record<string, () => Promise<Running>>> = {
  async Node() {
    const server = createServer((_request, response) => response.end("theirs"));
    return { server, port: await listenAnywhere(server), close: () => server.close() };
  },
  async "Express 5"() {
    const app = express();
    app.use(express.json());
    app.use((_request, response) => void response.send("theirs"));
    const server = createServer(app);
    return { server, port: await listenAnywhere(server), close: () => server.close() };
  },
  async "Fastify 5"() {
    const app = fastify({ forceCloseConnections: true });
    app.all("/*", () => "theirs");
    await app.listen({ port: 0, host: "127.0.0.1" });
    return { server: app.server, port: portOf(app.server), close: () => app.close() };
  },
  async Hono() {
    const app = new Hono();
    app.all("*", (context) => context.text("theirs"));
    const { promise, resolve } = Promise.withResolvers<void>();
    const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, () => resolve());
    await promise;
    if (!("closeAllConnections" in server)) throw new Error("Not a server of HTTP 1");
    return { server, port: portOf(server), close: () => server.close() };
  },
};

describe.each(Object.entries(frameworks))("attached to a server of %s", (_name, start) => {
  it("one path serves GraphQL over HTTP and WebSocket, everything else stays as it was", async () => {
    const running = await start();
    const { server, port } = running;
    const websocket = websocketTransport({
      dialects: [graphqlTransportWs()],
      accept: greeter,
      log: recordedLog(),
    });
    const attached = attach(server, { http: plainHttp(), websocket });
    const url = `http://127.0.0.1:${port}/graphql`;
    const post = () =>
      fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ query: "{ hi }" }),
      }).then((response) => response.text());

    expect(await post()).toBe('{"data":{"hi":"hi you"}}');
    expect(await fetch(`http://127.0.0.1:${port}/`).then((response) => response.text())).toBe("theirs");

    const client = createClient({ url: url.replace("http", "ws"), webSocketImpl: WebSocket });
    const results: unknown[] = [];
    for await (const result of client.iterate({ query: "{ hi }" })) results.push(result);
    expect(results).toEqual([{ data: { hi: "{ hi }" } }]);
    await client.dispose();

    using stranger = new WebSocketClient(`ws://127.0.0.1:${port}/other`);
    expect(await stranger.ended).toEqual({ status: 200, body: "theirs" });

    attached[Symbol.dispose]();
    expect(await post()).toBe("theirs");
    await websocket[Symbol.asyncDispose]();
    server.closeAllConnections();
    await running.close();
  });
});

it("Fastify closes while WebSockets are open, when its hook `preClose` disposes what is attached", async () => {
  const fanfare = createFanfare({ schema: chatSchema(), log: silentLog });
  const app = fastify();
  fanfare.attach(app.server);
  app.addHook("preClose", () => fanfare[Symbol.asyncDispose]());
  await app.listen({ port: 0, host: "127.0.0.1" });
  using client = await connected(`ws://127.0.0.1:${portOf(app.server)}/graphql`);
  await app.close();
  expect(await client.ended).toMatchObject({ code: 1012 });
});

describe("the HTTP handler", () => {
  const body = JSON.stringify({ query: "{ hi }" });
  const init = { method: "POST", headers: { "content-type": "application/json" }, body };

  it("is a middleware of Express, behind others", async () => {
    const app = express();
    app.use((_request, response, next) => {
      response.setHeader("access-control-allow-origin", "https://app.example.com");
      next();
    });
    app.use("/graphql", plainHttp());
    const server = createServer(app);
    const port = await listenAnywhere(server);
    const response = await fetch(`http://127.0.0.1:${port}/graphql`, init);
    expect(response.headers.get("access-control-allow-origin")).toBe("https://app.example.com");
    expect(await response.text()).toBe('{"data":{"hi":"hi you"}}');
    server.closeAllConnections();
    server.close();
  });

  it("is a hook of Fastify, before the body is read", async () => {
    const app = fastify({ forceCloseConnections: true });
    const handler = plainHttp();
    app.addHook("onRequest", (request, reply, done) => {
      if (request.url.split("?")[0] !== "/graphql") return done();
      reply.hijack();
      handler(request.raw, reply.raw);
    });
    await app.listen({ port: 0, host: "127.0.0.1" });
    const response = await fetch(`http://127.0.0.1:${portOf(app.server)}/graphql`, init);
    expect(await response.text()).toBe('{"data":{"hi":"hi you"}}');
    await app.close();
  });
});
