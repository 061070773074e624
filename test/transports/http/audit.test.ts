import { createServer } from "node:http";
import { auditServer } from "graphql-http";
import { expect, it } from "vitest";
import { plainHttp } from "../request-engine.ts";
import { closeServer, listenAnywhere } from "../websocket-server.ts";

/** What may be, but is not: a GET must show where it comes from, and the audit's does not. */
const optional = [
  "MAY accept application/x-www-form-urlencoded formatted GET requests",
  "MAY allow URL-encoded JSON string {variables} parameter in GETs when accepting application/graphql-response+json",
  "MAY allow URL-encoded JSON string {variables} parameter in GETs when accepting application/json",
];

it("passes the audit of GraphQL over HTTP, but for what is optional and would need an open GET", async () => {
  const server = createServer(plainHttp());
  const port = await listenAnywhere(server);
  const results = await auditServer({ url: `http://127.0.0.1:${port}/graphql` });
  await closeServer(server);
  const failed = results.filter((result) => result.status !== "ok");
  expect(failed.map(({ status, name }) => `${status}: ${name}`)).toEqual(optional.map((name) => `notice: ${name}`));
});

it("passes the whole audit when a GET shows where it comes from", async () => {
  const server = createServer(plainHttp());
  const port = await listenAnywhere(server);
  const results = await auditServer({ url: `http://127.0.0.1:${port}/graphql`, fetchFn });
  await closeServer(server);
  expect(results.filter((result) => result.status !== "ok")).toEqual([]);
});

function fetchFn(url: string | URL | Request, init?: RequestInit): Promise<Response> {
  const headers = new Headers(init?.headers);
  headers.set("x-graphql-require-preflight", "1");
  return fetch(url, { ...init, headers });
}
