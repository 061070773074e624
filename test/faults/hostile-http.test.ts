import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { exchange, Scene } from "./scene.ts";
import { until } from "./until.ts";

const json = "application/json";
const hi = '{"query":"{ hi }"}';
const touch = '{"query":"mutation { touch }"}';
const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;

function request(line: string, headers: Readonly<Record<string, string>>, body: string | Uint8Array = ""): Buffer {
  const lines = Object.entries({ Host: "127.0.0.1", ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${line} HTTP/1.1\r\n${lines.join("")}\r\n`), Buffer.from(body)]);
}

/** The last request of its connection. */
function post(body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): Buffer {
  const length = String(Buffer.byteLength(body));
  const usual = { Connection: "close", "Content-Type": json, "Content-Length": length };
  return request("POST /graphql", { ...usual, ...headers }, body);
}

function get(search: string, headers: Readonly<Record<string, string>> = {}): Buffer {
  return request(`GET /graphql?${search}`, { Connection: "close", ...headers });
}

const own = { "x-graphql-require-preflight": "1" };
const ask = `query=${encodeURIComponent("{ hi }")}`;
const change = `query=${encodeURIComponent("mutation { touch }")}`;
const endless = "1000\r\n" + "x".repeat(4_096) + "\r\n";

/** Requests, and the status that each is answered with. None of them may change anything. */
const cases: Readonly<Record<string, readonly [status: number, bytes: Buffer | string]>> = {
  "a body that claims 10 MB": [
    413,
    request("POST /graphql", { "Content-Type": json, "Content-Length": "10000000" }, "x".repeat(300_000)),
  ],
  "a body of 300 KB in chunks that never end": [
    413,
    request("POST /graphql", { "Content-Type": json, "Transfer-Encoding": "chunked" }, endless.repeat(75)),
  ],
  "a body of plain text": [415, post(touch, { "Content-Type": "text/plain" })],
  "a body from a form": [415, post(touch, { "Content-Type": "application/x-www-form-urlencoded" })],
  "a body from a form with files": [415, post(touch, { "Content-Type": "multipart/form-data; boundary=x" })],
  "a body of no type": [415, post(touch, { "Content-Type": "" })],
  "a body of a type that only begins like JSON": [415, post(touch, { "Content-Type": "application/jsonx" })],
  "a body of a type that hides JSON in a parameter": [
    415,
    post(touch, { "Content-Type": "text/plain; a=application/json" }),
  ],
  "a body in UTF-16": [415, post(Buffer.from(touch, "utf16le"), { "Content-Type": `${json}; charset=utf-16le` })],
  "a body that is compressed": [415, post(gzipSync(touch), { "Content-Encoding": "gzip" })],
  "a body that is not UTF-8": [400, post(Buffer.of(0x7b, 0xc3, 0x28, 0x7d))],
  "a body that is not JSON": [400, post("{")],
  "an empty body": [400, post("")],
  "a batch": [400, post(`[${touch},${touch}]`)],
  "JSON that is 100,000 deep": [400, post(`{"query":"{ hi }","variables":{"a":${nested(100_000)}}}`)],
  "a key that changes prototypes": [400, post('{"query":"mutation { touch }","variables":{"__proto__":{}}}')],
  "a document that was parsed already": [400, post('{"query":{"kind":"Document","definitions":[]}}')],
  "variables that are a list": [400, post('{"query":"mutation { touch }","variables":[1]}')],
  "a subscription": [406, post('{"query":"subscription { ticks(room: \\"a\\") { n } }"}')],
  "an answer of another type only": [406, post(hi, { Accept: "text/html" })],
  "a mutation by GET": [405, get(change, own)],
  "a mutation by GET, in a list of operations": [
    405,
    get(`${change}%20query%20A%20%7Bhi%7D&operationName=B`.replace("mutation", "mutation%20B"), own),
  ],
  "a query with a cookie that no page is named for": [403, get(ask, { Cookie: "a=b" })],
  "a query from another site's page": [
    403,
    get(ask, { Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site" }),
  ],
  "a query from a page whose name only begins like ours": [403, get(ask, { Origin: "http://127.0.0.1.evil.example" })],
  "a mutation by a link from another site": [403, get(change, { "Sec-Fetch-Site": "cross-site" })],
  "variables in the URL that are 100,000 deep": [400, get(`${ask}&variables=${nested(4_000)}`, own)],
  PATCH: [405, request("PATCH /graphql", { Connection: "close" })],
  "DELETE of a stream that is not there": [404, request("DELETE /graphql", { Connection: "close" })],
  OPTIONS: [405, request("OPTIONS /graphql", { Connection: "close" })],
  "a path that only begins like ours": [404, request("GET /graphqlx", { Connection: "close" })],
  "a path that walks to ours": [404, request("GET /a/../graphql", { Connection: "close" })],
  "two lengths": [
    400,
    request("POST /graphql", { "Content-Type": json, "Content-Length": "5", "content-length": "6" }, touch),
  ],
  "a length and chunks": [
    400,
    request(
      "POST /graphql",
      { "Content-Type": json, "Content-Length": "5", "Transfer-Encoding": "chunked" },
      "0\r\n\r\n",
    ),
  ],
  "a chunk whose size is nonsense": [
    400,
    request("POST /graphql", { "Content-Type": json, "Transfer-Encoding": "chunked" }, "xyz\r\n"),
  ],
};

describe("A server that is asked by HTTP with", () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.open();
  });

  afterEach(async () => {
    await scene.serves();
    await scene.cleared();
  });

  afterAll(() => scene[Symbol.asyncDispose]());

  it.each(Object.entries(cases))(
    "%s answers with a status of the table and does nothing",
    async (_name, [status, bytes]) => {
      const answer = await exchange(scene.port, bytes);
      expect(answer.split(" ")[1]).toBe(String(status));
      expect(answer).not.toContain("touched");
    },
  );

  it("fifty requests in one packet answers them in their order", async () => {
    const requests = Array.from({ length: 49 }, (_, index) =>
      request(
        "POST /graphql",
        { "Content-Type": json, "Content-Length": String(Buffer.byteLength(add(index))) },
        add(index),
      ),
    );
    const answer = await exchange(scene.port, Buffer.concat([...requests, post(add(49))]));
    const results = [...answer.matchAll(/"add":(\d+)/g)].map(([, digits]) => Number(digits));
    expect(results).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  });

  it("a wrong request behind a right one says so, and does nothing that comes after", async () => {
    const right = request("POST /graphql", { "Content-Type": json, "Content-Length": String(hi.length) }, hi);
    const answer = await exchange(scene.port, Buffer.concat([right, Buffer.from("nonsense\r\n\r\n"), post(touch)]));
    // Node answers it at once, and the connection with the answer that was not ready yet ends there.
    expect(answer).toMatch(/HTTP\/1\.1 400 Bad Request/);
    expect(answer).not.toContain("touched");
  });

  it("bodies that come slowly keeps nobody waiting, and forgets them when their clients go", async () => {
    const slow = Array.from({ length: 100 }, () => {
      const socket = connect({ port: scene.port, host: "127.0.0.1" });
      socket.on("error", () => undefined);
      socket.write(request("POST /graphql", { "Content-Type": json, "Content-Length": "100" }, "{"));
      return socket;
    });
    await until(
      () => slow.every((socket) => !socket.connecting && socket.writableLength === 0),
      () => "a hundred first bytes",
    );
    await scene.serves();
    for (const socket of slow) socket.resetAndDestroy();
    await scene.serves();
    expect((await scene.server.ask("observed")).errors).toEqual([]);
  });

  it("requests without end by a client that reads nothing stops taking them", async () => {
    const before = await scene.server.ask("memory");
    const socket = connect({ port: scene.port, host: "127.0.0.1" });
    socket.pause();
    const one = request("POST /graphql", { "Content-Type": json, "Content-Length": String(hi.length) }, hi);
    const many = Buffer.concat(Array.from({ length: 1_000 }, () => one));
    for (let count = 0; count < 200; count++) socket.write(many);
    let waiting = Infinity;
    await until(
      async () => {
        await scene.serves();
        const unchanged = socket.writableLength === waiting;
        waiting = socket.writableLength;
        return unchanged;
      },
      () => "the server to take no more",
    );
    expect(waiting).toBeGreaterThan(many.length);
    expect((await scene.server.ask("memory")) - before).toBeLessThan(8_388_608);
    socket.destroy();
  });
});

function add(a: number): string {
  return JSON.stringify({ query: "query ($a: Int!) { add(a: $a) }", variables: { a } });
}
