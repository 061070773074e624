import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { EventSource } from "eventsource";
import { describe, expect, it } from "vitest";
import { echoServer } from "./http-server.ts";

const query = '{ echo(text: "x") }';
const said = 'subscription { said(room: "a") }';

const search = (document: string): string => `?${new URLSearchParams({ query: document }).toString()}`;

/** Status and headers of a request with exactly these headers. */
async function answered(url: string, headers: Record<string, string>, document = query): Promise<number | undefined> {
  const request = httpRequest(url + search(document), { headers }).end();
  const [response] = await once(request, "response");
  response.destroy();
  return response.statusCode;
}

describe("a GET without anything of a browser (PROTOCOL 7.3)", () => {
  it.each<[string, Record<string, string>, number]>([
    ["nothing", {}, 200],
    ["what Node's fetch sends", { "sec-fetch-mode": "cors", "accept-language": "*" }, 200],
    ["a cookie", { cookie: "a=b" }, 403],
    ["credentials", { authorization: "Basic eDp5" }, 403],
    ["a foreign Origin", { origin: "https://evil.com" }, 403],
    ["no origin", { origin: "null" }, 403],
    ["a foreign Referer", { referer: "https://evil.com/graphql" }, 403],
    ["a mark of another site", { "sec-fetch-site": "cross-site" }, 403],
  ])("with %s is answered with its status", async (_what, headers, status) => {
    await using server = await echoServer();
    expect(await answered(server.url, headers)).toBe(status);
    expect(await answered(server.url, { accept: "text/event-stream", ...headers }, said)).toBe(status);
  });

  it("is let in with a Referer of the server's own or of a listed page, as Safari before 16.4 sends it", async () => {
    await using server = await echoServer({ origin: { allow: ["https://app.example.com"] } });
    const cookie = "a=b";
    for (const referer of [`http://127.0.0.1:${server.port}/page?a`, "https://app.example.com/"]) {
      expect(await answered(server.url, { cookie, referer })).toBe(200);
    }
    for (const referer of ["https://app.example.com.evil.com/", "https://evil.com/?https://app.example.com/", "x"]) {
      expect(await answered(server.url, { cookie, referer })).toBe(403);
    }
  });

  it("never changes anything", async () => {
    await using server = await echoServer();
    expect(await answered(server.url, {}, "mutation { change }")).toBe(405);
  });
});

describe("a client in Node, with its defaults", () => {
  it("the EventSource of npm hears a subscription", async () => {
    await using server = await echoServer();
    const source = new EventSource(server.url + search(said));
    const heard = await new Promise((resolve, reject) => {
      source.addEventListener("next", ({ data }) => resolve(data));
      source.addEventListener("error", reject);
    });
    source.close();
    expect(heard).toBe('{"data":{"said":"a"}}');
  });
});

describe("HEAD is answered as GET, without a body (RFC 9110, 9.3.2)", () => {
  it("for a query, and for what is refused", async () => {
    await using server = await echoServer();
    for (const [url, headers] of [
      [server.url + search(query), {}],
      [server.url + search("mutation { change }"), {}],
      [server.url + search(query), { cookie: "a=b" }],
      [server.url + search(query), { accept: "text/html" }],
    ] as const) {
      const get = await fetch(url, { headers });
      const head = await fetch(url, { method: "HEAD", headers });
      const length = head.headers.get("content-length");
      expect([head.status, head.headers.get("content-type")]).toEqual([get.status, get.headers.get("content-type")]);
      expect([length, await head.text()]).toEqual([String((await get.arrayBuffer()).byteLength), ""]);
    }
  });

  it("for a subscription, which is not started", async () => {
    const started: unknown[] = [];
    await using server = await echoServer({ onSubscribe: (request) => void started.push(request) });
    const headers = { accept: "text/event-stream" };
    const head = await fetch(server.url + search(said), { method: "HEAD", headers });
    expect([head.status, head.headers.get("content-type")]).toEqual([200, "text/event-stream; charset=utf-8"]);
    expect([await head.text(), started]).toEqual(["", []]);
  });
});

it("The refusal of a subscription by JSON begins with what helps (PROTOCOL 7.4)", async () => {
  await using server = await echoServer();
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ query: said });
  const response = await fetch(server.url, { method: "POST", headers, body });
  expect(response.status).toBe(406);
  expect(await response.json()).toEqual({
    errors: [{ message: expect.stringMatching(/^Use WebSocket \(subprotocol graphql-transport-ws\) or server-sent/) }],
  });
});
