import { createServer } from "node:http";
import { auditServer } from "graphql-http";
import { expect, it } from "vitest";
import { plainHttp } from "../request-engine.ts";
import { closeServer, listenAnywhere } from "../websocket-server.ts";

it("passes the whole audit of GraphQL over HTTP", async () => {
  const server = createServer(plainHttp());
  const port = await listenAnywhere(server);
  const results = await auditServer({ url: `http://127.0.0.1:${port}/graphql` });
  await closeServer(server);
  expect(results.filter((result) => result.status !== "ok")).toEqual([]);
});
