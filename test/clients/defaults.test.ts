import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Client, fetchExchange } from "@urql/core";
import { expect, it } from "vitest";
import { echoServer } from "../transports/http/http-server.ts";

it("urql with its defaults, which ask by GET, is served in Node as well (PROTOCOL 7.3)", async () => {
  await using server = await echoServer();
  const client = new Client({ url: server.url, exchanges: [fetchExchange] });
  const { data, error } = await client.query('{ echo(text: "x") }', {}).toPromise();
  expect([data, error]).toEqual([{ echo: "x" }, undefined]);
});

it("Node's own EventSource with its defaults hears a subscription (PROTOCOL 7.3)", async () => {
  await using server = await echoServer();
  const url = `${server.url}?${new URLSearchParams({ query: 'subscription { said(room: "a") }' }).toString()}`;
  const program = `
    const source = new EventSource(${JSON.stringify(url)});
    source.addEventListener("next", ({ data }) => { console.log(data); source.close(); });
    source.addEventListener("error", () => { console.log("refused"); source.close(); });`;
  const node = ["--no-warnings", "--experimental-eventsource", "--eval", program];
  const { stdout } = await promisify(execFile)(process.execPath, node);
  expect(stdout).toBe('{"data":{"said":"a"}}\n');
});
