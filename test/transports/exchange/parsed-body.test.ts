import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import express, { type RequestHandler } from "express";
import fastify from "fastify";
import { describe, expect, it } from "vitest";
import { createFanfare } from "fanfare";
import type { Log } from "fanfare/contract";
import { echoSchema } from "../http/http-server.ts";
import { closeServer, listenAnywhere, portOf } from "../websocket-server.ts";

const query = '{ echo(text: "Ключ 🏊") }';
const result = { data: { echo: "Ключ 🏊" } };

async function post(port: number, body: string = JSON.stringify({ query })): Promise<unknown[]> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, { method: "POST", headers, body });
  return [response.status, await response.json()];
}

/** A server of Express with a middleware in front of the handler. */
async function behind(middleware: RequestHandler, log?: Log) {
  const fanfare = createFanfare({ schema: echoSchema, ...(log && { log }), limits: { messageBytes: 1_000 } });
  const server = createServer(express().use(middleware).use("/graphql", fanfare.nodeHandler));
  const port = await listenAnywhere(server);
  const dispose = async () => {
    await fanfare[Symbol.asyncDispose]();
    await closeServer(server);
  };
  return { port, [Symbol.asyncDispose]: dispose };
}

/** What Express 4 does with each of its parsers, also with one that leaves the body alone. */
const emptyBody: RequestHandler = (request, _response, next) => {
  request.body ??= {};
  next();
};

/** Reads a body, and leaves it where the handler cannot see it, as parsers of Koa and Fastify do. */
const elsewhere: RequestHandler = (request, _response, next) => {
  void buffer(request).then(() => next());
};

describe("a body is served", () => {
  it.each<[string, RequestHandler]>([
    ["that nobody has read", (_request, _response, next) => next()],
    ["that nobody has read, though `body` is set", emptyBody],
    ["that a parser for forms has left alone", express.urlencoded()],
    ["that is parsed", express.json()],
    ["that was read as text", express.text({ type: "*/*" })],
    ["that was read as bytes", express.raw({ type: "*/*" })],
  ])("%s", async (_what, middleware) => {
    await using server = await behind(middleware);
    expect(await post(server.port)).toEqual([200, result]);
    expect(await post(server.port, JSON.stringify({ query }).padEnd(1_001))).toMatchObject([
      middleware.name === "jsonParser" ? 200 : 413,
      {},
    ]);
    expect(await post(server.port, "")).toMatchObject([400, {}]);
  });

  it("that a route of Fastify has parsed and hands on", async () => {
    const fanfare = createFanfare({ schema: echoSchema });
    const app = fastify({ forceCloseConnections: true });
    app.post("/graphql", (request, reply) => {
      reply.hijack();
      fanfare.nodeHandler(Object.assign(request.raw, { body: request.body }), reply.raw);
    });
    await app.listen({ port: 0, host: "127.0.0.1" });
    expect(await post(portOf(app.server))).toEqual([200, result]);
    await app.close();
    await fanfare[Symbol.asyncDispose]();
  });
});

it("A body that was read and is nowhere to be found is told in the log, with what to do", async () => {
  const logged: unknown[] = [];
  const error: Log["error"] = (_message, details) => void logged.push(details);
  await using server = await behind(elsewhere, { warn: () => undefined, error });
  expect(await post(server.port)).toEqual([500, { errors: [{ message: "Internal server error" }] }]);
  expect(logged).toEqual([{ error: expect.objectContaining({ message: expect.stringContaining("as its `body`") }) }]);
});
