import { createServer, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { once } from "node:events";
import express from "express";
import { describe, expect, it } from "vitest";
import { PlainEngine, plainHttp, type PlainHttpOptions } from "../request-engine.ts";
import { closeServer, listenAnywhere, recordedLog } from "../websocket-server.ts";
import { eventually } from "../../eventually.ts";

interface HttpTestServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly engine: PlainEngine;
}

async function serve(options: PlainHttpOptions = {}, engine = new PlainEngine()): Promise<HttpTestServer> {
  const server = createServer(plainHttp({ engine, ...options }));
  const port = await listenAnywhere(server);
  return {
    url: `http://127.0.0.1:${port}/graphql`,
    port,
    engine,
    [Symbol.asyncDispose]: () => closeServer(server),
  };
}

const json = { "content-type": "application/json" };
const preflight = { "x-graphql-require-preflight": "1" };
const subscription = "subscription { tick }";

function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const raw = typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
  return fetch(url, { method: "POST", headers: { ...json, ...headers }, body: Buffer.from(raw) });
}

function get(
  url: string,
  search: Record<string, string>,
  headers: Record<string, string> = preflight,
): Promise<Response> {
  return fetch(`${url}?${new URLSearchParams(search).toString()}`, { headers });
}

/** Status and body of a response. */
async function answer(response: Response | Promise<Response>): Promise<[number, unknown]> {
  const { status } = await response;
  return [status, await (await response).json()];
}

const problem = (message: unknown) => ({ errors: [{ message }] });

describe("a POST", () => {
  it("runs a query with its variables and name", async () => {
    await using server = await serve();
    const query = "query A { hi } query B($name: String) { hi(name: $name) }";
    const body = { query, operationName: "B", variables: { name: "Ключ 🏊" } };
    expect(await answer(post(server.url, body))).toEqual([200, { data: { hi: "hi Ключ 🏊" } }]);
  });

  it("runs a mutation", async () => {
    await using server = await serve();
    expect(await answer(post(server.url, { query: "mutation { count }" }))).toEqual([200, { data: { count: 1 } }]);
  });

  it("knows the client's address", async () => {
    await using server = await serve({ trustProxy: 1 });
    const forwarded = { "x-forwarded-for": "192.0.2.1" };
    expect(await answer(post(server.url, { query: "{ address }" }, forwarded))).toEqual([
      200,
      { data: { address: "192.0.2.1" } },
    ]);
  });

  it.each([
    ["application/json", 200],
    ["application/json; charset=utf-8", 200],
    ["Application/JSON;charset=UTF-8", 200],
    ["application/json; charset=utf-16", 415],
    ["application/json; charset=iso-8859-1", 415],
    ["application/json; boundary=x", 415],
    ["text/plain", 415],
    ["text/plain; application/json", 415],
    ["application/jsonp", 415],
    ["application/graphql", 415],
    ["application/x-www-form-urlencoded", 415],
    ["multipart/form-data; boundary=x", 415],
  ])("with content-type %s is answered with %i", async (type, status) => {
    await using server = await serve();
    const response = await post(server.url, { query: "{ hi }" }, { "content-type": type });
    expect(response.status).toBe(status);
    expect(server.engine.executed).toBe(status === 200 ? 1 : 0);
  });

  it("may not be compressed", async () => {
    await using server = await serve();
    const response = await post(server.url, { query: "{ hi }" }, { "content-encoding": "gzip" });
    expect(response.status).toBe(415);
  });

  it.each([
    ["no JSON", "{", "Not valid JSON"],
    ["no body", "", "Not valid JSON"],
    ["a batch", [{ query: "{ hi }" }], "Batches are not supported; send each operation in a request of its own"],
    ["a key __proto__", '{"query":"{hi}","__proto__":{}}', 'The key "__proto__" is not allowed'],
    ["deep JSON", `{"query":"{hi}","x":${"[".repeat(5_000)}}`, "Nested too deep"],
    ["broken UTF-8", Uint8Array.of(0x22, 0xc3, 0x28, 0x22), "Not valid UTF-8"],
    ["no query", {}, '"query" must be a string'],
    ["a query that is no text", { query: { kind: "Document" } }, '"query" must be a string'],
    ["variables that are no object", { query: "{hi}", variables: [1] }, '"variables" must be an object'],
    ["a name that is no text", { query: "{hi}", operationName: 1 }, '"operationName" must be a string'],
  ])("with %s is answered with 400", async (_name, body, message) => {
    await using server = await serve();
    expect(await answer(post(server.url, body))).toEqual([400, problem(message)]);
    expect(server.engine.executed).toBe(0);
  });

  it("may be as large as the limit", async () => {
    await using server = await serve();
    const body = JSON.stringify({ query: "{ hi }" }).padEnd(10_000);
    expect((await post(server.url, body)).status).toBe(200);
  });

  it("is answered with 413 over the limit", async () => {
    await using server = await serve();
    const body = JSON.stringify({ query: "{ hi }" }).padEnd(10_001);
    expect(await answer(post(server.url, body))).toEqual([413, problem("The body may have at most 10000 bytes")]);
  });

  it("is answered with 413 before it has ended when it says no length", async () => {
    await using server = await serve();
    const request = httpRequest(server.url, { method: "POST", headers: json });
    request.on("error", () => undefined);
    request.write("x".repeat(10_001));
    const [response] = await once(request, "response");
    expect(response.statusCode).toBe(413);
    request.destroy();
  });

  it("that a body parser has read already is served all the same, under the same limits", async () => {
    const app = express();
    app.use(express.json());
    app.use("/graphql", plainHttp());
    const server = createServer(app);
    const url = `http://127.0.0.1:${await listenAnywhere(server)}/graphql`;
    expect(await answer(post(url, { query: "{ hi }" }))).toEqual([200, { data: { hi: "hi you" } }]);
    expect((await post(url, { query: "{ hi }", extensions: { x: "x".repeat(10_000) } })).status).toBe(413);
    await closeServer(server);
  });

  it("does no harm when its client goes away in the middle", async () => {
    const log = recordedLog();
    await using server = await serve({ log });
    const socket = connect(server.port, "127.0.0.1");
    socket.write("POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{");
    await once(socket, "connect");
    socket.destroy();
    expect((await post(server.url, { query: "{ hi }" })).status).toBe(200);
    expect(log.entries).toEqual([]);
  });
});

describe("a GET", () => {
  it("runs a query", async () => {
    await using server = await serve();
    const query = "query ($name: String) { hi(name: $name) }";
    expect(await answer(get(server.url, { query, variables: '{"name":"x"}' }))).toEqual([
      200,
      { data: { hi: "hi x" } },
    ]);
  });

  it("never runs a mutation", async () => {
    await using server = await serve();
    const response = await get(server.url, { query: "mutation { count }" });
    expect(response.headers.get("allow")).toBe("POST");
    expect(await answer(response)).toEqual([405, problem("A mutation must be sent by POST")]);
    expect(server.engine.executed).toBe(0);
  });

  it.each(["variables", "extensions"])("has %s under the same rules as a body", async (name) => {
    await using server = await serve();
    const proto = get(server.url, { query: "{ hi }", [name]: '{"__proto__":1}' });
    expect(await answer(proto)).toEqual([400, problem(`${name}: The key "__proto__" is not allowed`)]);
    const deep = get(server.url, { query: "{ hi }", [name]: `{"a":${"[".repeat(100)}` });
    expect(await answer(deep)).toEqual([400, problem(`${name}: Nested too deep`)]);
  });

  const origin = { allow: ["https://app.example.com"] };
  it.each<[string, Record<string, string>, number]>([
    ["nothing", {}, 200],
    ["a cookie", { cookie: "a=b" }, 403],
    ["another site's mark", { "sec-fetch-site": "cross-site" }, 403],
    ["a neighbouring site's mark", { "sec-fetch-site": "same-site" }, 403],
    ["the same site's mark", { "sec-fetch-site": "same-origin" }, 200],
    ["the mark of an address bar", { "sec-fetch-site": "none" }, 200],
    ["a foreign Origin", { origin: "https://evil.com" }, 403],
    ["an allowed Origin", { origin: "https://app.example.com" }, 200],
    ["x-graphql-require-preflight", { "x-graphql-require-preflight": "" }, 200],
    ["apollo-require-preflight", { "apollo-require-preflight": "true" }, 200],
    ["x-requested-with", { "x-requested-with": "XMLHttpRequest" }, 200],
    ["a type of JSON", json, 200],
    ["a type of text", { cookie: "a=b", "content-type": "text/plain" }, 403],
    ["a type of text and JSON", { cookie: "a=b", "content-type": "text/plain; application/json" }, 403],
    ["a type of JSON and text", { cookie: "a=b", "content-type": "application/json, text/plain" }, 403],
  ])("with %s is answered with its status", async (_name, headers, status) => {
    await using server = await serve({ origin });
    // Not fetch: it refuses to send some of these.
    const request = httpRequest(`${server.url}?query=${encodeURIComponent("{ hi }")}`, { headers });
    request.end();
    const [response] = await once(request, "response");
    response.resume();
    expect(response.statusCode).toBe(status);
    expect(server.engine.executed).toBe(status === 200 ? 1 : 0);
  });

  it("that is refused says which header to add", async () => {
    await using server = await serve();
    const [, body] = await answer(get(server.url, { query: "{ hi }" }, { cookie: "a=b" }));
    expect(body).toEqual(problem(expect.stringContaining("x-graphql-require-preflight: 1")));
  });
});

describe("a subscription by HTTP", () => {
  it.each([
    ["POST", (url: string) => post(url, { query: subscription })],
    ["GET", (url: string) => get(url, { query: subscription })],
    [
      "POST that accepts only a stream",
      (url: string) => post(url, { query: subscription }, { accept: "text/event-stream" }),
    ],
  ])("is answered with 406 and the ways that there are: %s", async (_name, send) => {
    await using server = await serve();
    const [status, body] = await answer(send(server.url));
    expect(status).toBe(406);
    expect(body).toEqual(problem(expect.stringMatching(/graphql-transport-ws.*text\/event-stream/)));
    expect(server.engine.executed).toBe(0);
  });
});

describe("an answer", () => {
  const result = "application/graphql-response+json";

  it.each([
    ["a fault in a resolver", { query: "{ fault }" }, "a fault", 200, 200],
    ["a syntax error", { query: "{" }, "Syntax Error: Expected Name, found <EOF>.", 200, 400],
    ["an unknown field", { query: "{ no }" }, 'Cannot query field "no" on type "Query".', 200, 400],
    ["a missing variable", { query: "query ($n: Int!) { hi }" }, /\$n/, 200, 400],
    ["an unknown operation", { query: "query A { hi }", operationName: "B" }, 'Unknown operation named "B".', 200, 400],
  ])("to %s has the status of its media type", async (_name, body, message, plain, typed) => {
    await using server = await serve();
    const old = await post(server.url, body, { accept: "application/json" });
    expect([old.status, old.headers.get("content-type")]).toEqual([plain, "application/json; charset=utf-8"]);
    const response = await post(server.url, body, { accept: result });
    expect([response.status, response.headers.get("content-type")]).toEqual([typed, `${result}; charset=utf-8`]);
    expect(await response.json()).toMatchObject({
      errors: [{ message: expect.stringMatching(message) }],
    });
  });

  it.each([
    [`${result}, application/json`, result],
    [`application/json, ${result}`, "application/json"],
    ["text/html, */*", "application/json"],
    [`${result}; charset=utf-8`, result],
  ])("to Accept: %s is of type %s", async (accept, type) => {
    await using server = await serve();
    const response = await post(server.url, { query: "{ hi }" }, { accept });
    expect(response.headers.get("content-type")).toBe(`${type}; charset=utf-8`);
  });

  it("to another method is 405 with those that there are", async () => {
    await using server = await serve();
    for (const method of ["OPTIONS", "PUT", "DELETE"]) {
      const response = await fetch(server.url, { method });
      expect([method, response.status, response.headers.get("allow")]).toEqual([method, 405, "GET, HEAD, POST"]);
    }
  });

  it("hides what went wrong inside, and tells the operator", async () => {
    const log = recordedLog();
    const engine = new PlainEngine();
    engine.run = () => Promise.reject(new Error("secret"));
    await using server = await serve({ log }, engine);
    expect(await answer(post(server.url, { query: "{ hi }" }))).toEqual([500, problem("Internal server error")]);
    expect(log.entries).toEqual(["An HTTP request failed"]);
  });
});

it("A server of HTTP keeps its connections usable after a refusal", async () => {
  await using server = await serve();
  await post(server.url, "{").then((response) => response.text());
  await eventually(async () => expect((await post(server.url, { query: "{ hi }" })).status).toBe(200));
});
