import { once } from "node:events";
import { request as httpRequest, type ServerResponse } from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import { connect, type Socket } from "node:net";
import { describe, expect, it, vi } from "vitest";
import { turns } from "../../../src/testing/client.ts";
import { nodeHandler } from "../../../src/transports/http/node-handler.ts";
import { eventStreamServer, streamHeaders, type EventStreamTestServer } from "../event-stream-server.ts";
import { portOf } from "../websocket-server.ts";
import { eventually, patience } from "../../eventually.ts";

const query = "subscription { tick }";
const subscribe = { headers: streamHeaders, body: { query } };
const getHeaders = { accept: "text/event-stream", "x-graphql-require-preflight": "1" };
const searchOf = (parameters: Record<string, string>) => `/graphql?${new URLSearchParams(parameters).toString()}`;

/** What a client has to send with a token. */
function withToken(token: string, more: Record<string, string> = {}): Record<string, string> {
  return { "content-type": "application/json", "x-graphql-event-stream-token": token, ...more };
}

/** A request for an operation in a reserved stream. */
function operation(token: string, id: unknown, more: Record<string, string> = {}) {
  return { headers: withToken(token, more), body: { query, extensions: { operationId: id } } };
}

const opening = (token: string) => ({ method: "GET", headers: { accept: "text/event-stream", ...withToken(token) } });

describe("A stream of its own (PROTOCOL 11.2)", () => {
  it("tells the session what its request asks for, and carries what the session writes", async () => {
    await using server = await eventStreamServer();
    const body = { query, operationName: "A", variables: { a: 1 }, extensions: { b: 2 } };
    const answer = await server.send({ headers: streamHeaders, body });
    const session = await server.session();
    expect(session.received).toEqual([{ type: "init" }, { type: "subscribe", id: "1", request: body }]);
    session.result("1", '{"data":{"tick":1}}');
    session.say({ type: "complete", id: "1" });
    expect(await answer.whole()).toBe(':\n\nevent: next\ndata: {"data":{"tick":1}}\n\nevent: complete\ndata: \n\n');
    await eventually(() => expect(session.closings).toEqual([{ code: 1000, reason: "Done" }]));
    expect(server.streams.connections).toBe(0);
    expect(server.clock.pending).toBe(0);
  });

  it("has headers that keep proxies from holding it back", async () => {
    await using server = await eventStreamServer();
    const { status, headers } = await server.send(subscribe);
    expect([status, headers]).toMatchObject([
      200,
      {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-cache, no-transform",
        "x-accel-buffering": "no",
      },
    ]);
  });

  it("is asked for by GET as well", async () => {
    await using server = await eventStreamServer();
    const path = searchOf({ query, operationName: "A", variables: '{"a":1}', extensions: '{"b":2}' });
    await server.send({ method: "GET", path, headers: getHeaders });
    const request = { query, operationName: "A", variables: { a: 1 }, extensions: { b: 2 } };
    expect((await server.session()).received[1]).toEqual({ type: "subscribe", id: "1", request });
  });

  it("is not for a page of another site", async () => {
    await using server = await eventStreamServer();
    const foreign = { accept: "text/event-stream", origin: "https://evil.com", "sec-fetch-site": "cross-site" };
    expect((await server.send({ method: "GET", path: searchOf({ query }), headers: foreign })).status).toBe(403);
    expect(server.sessions).toEqual([]);
  });

  it("runs no mutation by GET", async () => {
    await using server = await eventStreamServer();
    const path = searchOf({ query: "mutation { count }" });
    const answer = await server.send({ method: "GET", path, headers: getHeaders });
    expect([answer.status, answer.headers["allow"]]).toEqual([405, "POST"]);
    expect(server.sessions).toEqual([]);
  });

  it.each([
    ["no JSON", { headers: streamHeaders, body: "{" }, 400],
    ["another type", { headers: { ...streamHeaders, "content-type": "text/plain" }, body: "{}" }, 415],
    ["too large a body", { headers: streamHeaders, body: "x".repeat(10_001) }, 413],
    [
      "variables that are no JSON",
      { method: "GET", path: searchOf({ query, variables: "{" }), headers: getHeaders },
      400,
    ],
  ])("opens no session for %s", async (_what, sent, status) => {
    await using server = await eventStreamServer();
    expect((await server.send(sent)).status).toBe(status);
    expect(server.sessions).toEqual([]);
  });

  it.each([
    ["text/event-stream", 200, true],
    ["TEXT/EVENT-STREAM; q=1", 200, true],
    ["text/event-stream, application/json", 200, true],
    ["application/json, text/event-stream", 200, true],
    ["application/graphql-response+json, application/json, text/event-stream, multipart/mixed", 200, true],
    ["application/json", 406, false],
    ["*/*", 406, false],
  ])("is for a subscription that accepts %s", async (accept, status, streamed) => {
    await using server = await eventStreamServer();
    const answer = await server.send({ headers: { ...streamHeaders, accept }, body: { query } });
    expect([answer.status, server.sessions.length]).toEqual([status, streamed ? 1 : 0]);
  });

  it("is for a query only if that wants nothing rather", async () => {
    await using server = await eventStreamServer();
    const sent = { headers: streamHeaders, body: { query: "{ hi }" } };
    const rather = { ...streamHeaders, accept: "application/json, text/event-stream" };
    const json = await server.send({ ...sent, headers: rather });
    expect(await json.whole()).toBe('{"data":{"hi":"hi you"}}');
    const stream = await server.send(sent);
    expect(stream.headers["content-type"]).toBe("text/event-stream; charset=utf-8");
  });

  it.each([
    [1012, 503],
    [1013, 503],
    [4400, 400],
    [4401, 401],
    [4403, 403],
    [4408, 408],
    [4409, 409],
    [4413, 503],
    [4429, 429],
    [1000, 500],
    [4500, 500],
  ])("whose session was closed with %i before it began is answered with %i (PROTOCOL 11.5)", async (code, status) => {
    await using server = await eventStreamServer({ acknowledges: false });
    const answered = server.send(subscribe);
    (await server.session()).socket.close(code, "A reason");
    const answer = await answered;
    expect([answer.status, answer.headers["content-type"]]).toEqual([status, "application/json; charset=utf-8"]);
    expect(await answer.problem).toBe("A reason");
    await eventually(async () => expect((await server.session()).closings).toEqual([{ code, reason: "A reason" }]));
    expect(server.clock.pending).toBe(0);
  });

  it("just ends when its session is closed later", async () => {
    await using server = await eventStreamServer();
    const answer = await server.send(subscribe);
    const session = await server.session();
    session.result("1", "1");
    session.socket.close(1012, "Service restart");
    session.result("1", "2");
    expect(await answer.whole()).toBe(":\n\nevent: next\ndata: 1\n\n");
    await eventually(() => expect(session.closings).toEqual([{ code: 1012, reason: "Service restart" }]));
  });

  it("ends its session when the client goes away", async () => {
    await using server = await eventStreamServer();
    const answer = await server.send(subscribe);
    answer.response.destroy();
    const session = await server.session();
    await eventually(() => expect(session.closings).toEqual([{ code: 1006, reason: "" }]));
    expect(server.streams.connections).toBe(0);
  });

  it("ends its session when the client goes away before it began", async () => {
    await using server = await eventStreamServer({ acknowledges: false });
    const request = httpRequest({ port: server.port, path: "/graphql", method: "POST", headers: streamHeaders });
    request.on("error", () => undefined);
    request.end(JSON.stringify({ query }));
    const session = await server.session();
    request.destroy();
    await eventually(() => expect(session.closings).toEqual([{ code: 1006, reason: "" }]));
    session.acknowledge();
    session.result("1", "1");
    expect(server.log.entries).toEqual([]);
  });

  it("ends when the client ends its side of the connection, and is not written to meanwhile", async () => {
    await using server = await eventStreamServer();
    const failures: Error[] = [];
    server.server.on("clientError", (error, socket) => {
      failures.push(error);
      socket.destroy();
    });
    const accepted = once(server.server, "connection");
    const client = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
    client.write(
      `GET ${searchOf({ query })} HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\nx-requested-with: x\r\n\r\n`,
    );
    const [connection]: Socket[] = await accepted;
    const session = await server.session();
    await once(client, "readable");
    await session.fill();
    client.end();
    await vi.waitUntil(() => connection?.writableEnded === true, { timeout: patience, interval: 5 });
    session.result("1", "1");
    session.socket.ping();
    client.resume();
    await eventually(() => expect(session.closings).toEqual([{ code: 1006, reason: "" }]));
    expect(failures).toEqual([]);
  });

  it("keeps the order of a large write, and its bytes", async () => {
    await using server = await eventStreamServer();
    const answer = await server.send(subscribe);
    const session = await server.session();
    const large = "ü".repeat(100_000);
    session.send(large, "small", large);
    session.say({ type: "complete", id: "1" });
    expect(await answer.whole()).toBe(`:\n\n${large}small${large}event: complete\ndata: \n\n`);
  });

  it("is read by a client of HTTP 1.0, which knows no chunks", async () => {
    await using server = await eventStreamServer();
    const socket = connect(server.port, "127.0.0.1");
    let text = "";
    socket.setEncoding("utf8").on("data", (piece: string) => (text += piece));
    const path = searchOf({ query });
    socket.write(`GET ${path} HTTP/1.0\r\naccept: text/event-stream\r\nx-requested-with: x\r\n\r\n`);
    const session = await server.session();
    session.result("1", "1");
    session.say({ type: "complete", id: "1" });
    await once(socket, "close");
    expect(text.split("\r\n\r\n")[1]).toBe(":\n\nevent: next\ndata: 1\n\nevent: complete\ndata: \n\n");
  });

  it("lets its connection be used again", async () => {
    await using server = await eventStreamServer();
    const socket = connect(server.port, "127.0.0.1");
    let text = "";
    socket.setEncoding("utf8").on("data", (piece: string) => (text += piece));
    const path = searchOf({ query });
    for (const index of [0, 1]) {
      socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\nx-requested-with: x\r\n\r\n`);
      const session = await server.session(index);
      session.result("1", `"${index}"`);
      session.say({ type: "complete", id: "1" });
      await vi.waitUntil(() => text.endsWith("\r\n0\r\n\r\n") && text.includes(`data: "${index}"`), {
        timeout: patience,
        interval: 5,
      });
    }
    expect(server.sessions).toHaveLength(2);
    socket.destroy();
  });

  it("ends with its connection also behind another one that is not over", async () => {
    await using server = await eventStreamServer();
    const client = connect(server.port, "127.0.0.1");
    const request = `GET ${searchOf({ query })} HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\nx-requested-with: x\r\n\r\n`;
    client.write(request + request);
    const [first, second] = [await server.session(0), await server.session(1)];
    second.result("1", '"behind"');
    first.result("1", '"before"');
    first.say({ type: "complete", id: "1" });
    let text = "";
    client.setEncoding("utf8").on("data", (piece: string) => (text += piece));
    await vi.waitUntil(() => text.includes('data: "behind"'), { timeout: patience, interval: 5 });
    expect(text.indexOf('data: "before"')).toBeLessThan(text.indexOf('data: "behind"'));
    client.write(request);
    const third = await server.session(2);
    client.destroy();
    await eventually(() => expect([second, third].map(({ closings }) => closings.length)).toEqual([1, 1]));
    expect(server.streams.connections).toBe(0);
  });

  it("is given up where somebody else has answered its request", async () => {
    const answers: ServerResponse[] = [];
    await using server = await eventStreamServer({
      acknowledges: false,
      around: (handler) => (request, response) => {
        answers.push(response);
        handler(request, response);
      },
    });
    const answered = server.send(subscribe);
    const session = await server.session();
    answers[0]?.writeHead(503).flushHeaders();
    expect((await answered).status).toBe(503);
    session.acknowledge();
    await eventually(() => expect(session.closings).toEqual([{ code: 1006, reason: "" }]));
    expect(server.log.entries).toEqual(["An event stream could not be opened"]);
  });

  it("is written through a middleware that has wrapped the response", async () => {
    const written: string[] = [];
    await using server = await eventStreamServer({
      around: (handler) => (request, response) => {
        const write = response.write.bind(response);
        response.write = (chunk: unknown, ...rest: unknown[]) => {
          written.push(chunk instanceof Uint8Array ? Buffer.from(chunk).toString() : String(chunk));
          return Reflect.apply(write, undefined, [chunk, ...rest]) === true;
        };
        handler(request, response);
      },
    });
    const answer = await server.send(subscribe);
    const session = await server.session();
    session.result("1", "1");
    session.socket.ping();
    await eventually(() => expect(session.pongs).toBe(1));
    session.say({ type: "complete", id: "1" });
    expect(await answer.whole()).toBe(written.join(""));
    expect(written).toContain("event: next\ndata: 1\n\n");
  });

  it("is written to a stream of HTTP 2, at its client's speed", async () => {
    await using server = await eventStreamServer();
    const http2 = createHttp2Server((request, response) => {
      Reflect.apply(nodeHandler(server.service), undefined, [request, response]);
    });
    await new Promise<void>((resolve) => http2.listen(0, "127.0.0.1", resolve));
    const client = connectHttp2(`http://127.0.0.1:${portOf(http2)}`);
    const stream = client.request({ ":method": "POST", ":path": "/graphql", ...streamHeaders });
    stream.end(JSON.stringify({ query }));
    const [headers] = await once(stream, "response");
    expect(headers).toMatchObject({ ":status": 200, "content-type": "text/event-stream; charset=utf-8" });
    const session = await server.session();
    const written = await session.fill();
    let text = "";
    stream.setEncoding("utf8").on("data", (piece: string) => (text += piece));
    await vi.waitUntil(() => !session.socket.blocked, { timeout: patience, interval: 5 });
    session.say({ type: "complete", id: "1" });
    await once(stream, "close");
    expect(text).toBe(`:\n\n${"x".repeat(written)}event: complete\ndata: \n\n`);
    expect(session.closings).toEqual([{ code: 1000, reason: "Done" }]);
    client.close();
    http2.close();
  });

  it("is refused where nobody may come in", async () => {
    await using server = await eventStreamServer({ admit: () => ({ status: 429, code: 1013, reason: "Too many" }) });
    const answer = await server.send(subscribe);
    expect([answer.status, await answer.problem]).toEqual([429, "Too many"]);
    expect(server.sessions).toEqual([]);
  });

  it("is answered with 500 where no session can be opened", async () => {
    await using server = await eventStreamServer({
      accept: () => {
        throw new Error("secret");
      },
    });
    const answer = await server.send(subscribe);
    expect([answer.status, await answer.problem]).toEqual([500, "Internal server error"]);
    expect(server.log.entries).toEqual(["A session could not be opened"]);
    expect(server.streams.connections).toBe(0);
  });
});

describe("Keep-alive of a stream (PROTOCOL 11.10)", () => {
  it("is a comment, and a client that takes it is alive", async () => {
    await using server = await eventStreamServer();
    const answer = await server.send(subscribe);
    const session = await server.session();
    session.socket.ping();
    await eventually(() => expect(session.pongs).toBe(1));
    session.result("1", "1");
    await answer.has("data: 1\n\n");
    expect(answer.text).toBe(":\n\n:\n\nevent: next\ndata: 1\n\n");
  });

  it("goes on after the client has made the server wait, and tells when it has caught up", async () => {
    await using server = await eventStreamServer();
    const answer = await server.send(subscribe);
    const session = await server.session();
    answer.response.pause();
    const written = await session.fill();
    const { drains } = session;
    session.socket.ping();
    await turns(5);
    expect([session.pongs, session.drains]).toEqual([0, drains]);
    answer.response.resume();
    await eventually(() => expect([session.pongs, session.drains]).toEqual([1, drains + 1]));
    expect(session.socket.blocked).toBe(false);
    session.socket.ping();
    await eventually(() => expect(session.pongs).toBe(2));
    await eventually(() => expect(answer.text).toHaveLength(written + 9));
  });

  it("tells that the client has caught up also where it was the comment that made it wait", async () => {
    await using server = await eventStreamServer();
    const accepted = once(server.server, "connection");
    const answer = await server.send(subscribe);
    const [connection]: Socket[] = await accepted;
    if (!connection) throw new Error("There is no connection");
    const session = await server.session();
    answer.response.pause();
    // Full kernels, and then one byte less than what makes the stream wait: around a chunk there are 8 bytes.
    while (connection.writableLength < 15_000) {
      session.send("x".repeat(connection.writableLength > 0 ? 100 : 8_000));
      await turns(1);
    }
    session.send("x".repeat(connection.writableHighWaterMark - connection.writableLength - 9));
    expect(session.socket.blocked).toBe(false);
    const { drains } = session;
    session.socket.ping();
    expect(session.socket.blocked).toBe(true);
    answer.response.resume();
    await eventually(() => expect([session.pongs, session.drains]).toEqual([1, drains + 1]));
  });

  it("finds out a client that reads nothing, which is cut off", async () => {
    await using server = await eventStreamServer();
    const answer = await server.send(subscribe);
    const session = await server.session();
    answer.response.pause();
    await session.fill();
    session.socket.terminate();
    expect(session.closings).toEqual([{ code: 1006, reason: "" }]);
    expect(server.streams.connections).toBe(0);
    answer.response.resume();
    await answer.whole();
  });

  it("cuts off a client that does not read the end, after five seconds", async () => {
    await using server = await eventStreamServer();
    const answer = await server.send(subscribe);
    const session = await server.session();
    answer.response.pause();
    await session.fill();
    session.socket.close(4413, "Too slow");
    server.clock.advance(4_999);
    expect(session.closings).toEqual([]);
    server.clock.advance(1);
    expect(session.closings).toEqual([{ code: 4413, reason: "Too slow" }]);
    expect(server.clock.pending).toBe(0);
    answer.response.destroy();
  });

  it("tells its session a reason of at most 123 bytes", async () => {
    await using server = await eventStreamServer();
    const answer = await server.send(subscribe);
    const session = await server.session();
    session.socket.close(4400, `a${"€".repeat(100)}`);
    await answer.whole();
    await eventually(() => expect(session.closings).toEqual([{ code: 4400, reason: `a${"€".repeat(40)}` }]));
  });
});

async function opened(server: EventStreamTestServer) {
  const token = await server.reserve();
  const stream = await server.send(opening(token));
  return { token, stream, session: await server.session() };
}

describe("A single stream for many operations (PROTOCOL 11.6)", () => {
  it("is reserved, opened, filled and stopped", async () => {
    await using server = await eventStreamServer();
    const { token, stream, session } = await opened(server);
    expect(token).toMatch(/^[0-9a-f]{32}$/);
    expect(stream.headers["content-type"]).toBe("text/event-stream; charset=utf-8");
    const started = await server.send(operation(token, "a"));
    expect([started.status, await started.whole()]).toEqual([202, ""]);
    session.result("a", '{"data":{"tick":1}}');
    await stream.has("tick");
    const stopped = await server.send({ method: "DELETE", path: "/graphql?operationId=a", headers: withToken(token) });
    expect([stopped.status, await stopped.whole()]).toEqual([200, ""]);
    expect(stream.text).toBe(':\n\nevent: next\ndata: {"id":"a","payload":{"data":{"tick":1}}}\n\n');
    expect(session.received).toEqual([
      { type: "init" },
      { type: "subscribe", id: "a", request: { query, extensions: { operationId: "a" } } },
      { type: "complete", id: "a" },
    ]);
    expect(session.closings).toEqual([]);
  });

  it("takes the token from the URL as well", async () => {
    await using server = await eventStreamServer();
    const token = await server.reserve();
    const path = `/graphql?token=${token}`;
    expect((await server.send({ method: "GET", path, headers: { accept: "text/event-stream" } })).status).toBe(200);
    const body = { query, extensions: { operationId: "a" } };
    expect((await server.send({ path, headers: { "content-type": "application/json" }, body })).status).toBe(202);
    expect((await server.send({ method: "DELETE", path: `${path}&operationId=a` })).status).toBe(200);
  });

  it("keeps what comes before it is opened", async () => {
    await using server = await eventStreamServer({ acknowledges: false });
    const reserved = server.send({ method: "PUT" });
    const session = await server.session();
    expect(session.socket.blocked).toBe(true);
    session.acknowledge();
    const token = await (await reserved).whole();
    expect((await server.send(operation(token, "a"))).status).toBe(202);
    expect([session.socket.blocked, session.drains]).toEqual([true, 0]);
    const stream = await server.send(opening(token));
    expect([session.socket.blocked, session.drains]).toEqual([false, 1]);
    session.result("a", "1");
    await stream.has('{"id":"a","payload":1}');
  });

  it("is opened by one client only", async () => {
    await using server = await eventStreamServer();
    const { token, session } = await opened(server);
    const second = await server.send(opening(token));
    expect([second.status, await second.problem]).toEqual([409, "Stream already open"]);
    expect(session.closings).toEqual([]);
  });

  it.each([
    ["opened", (token: string) => opening(token)],
    ["filled", (token: string) => operation(token, "a")],
    ["stopped", (token: string) => ({ method: "DELETE", path: "/graphql?operationId=a", headers: withToken(token) })],
  ])("cannot be %s with a token that nobody was given, nor by somebody else (PROTOCOL 11.8)", async (_what, sent) => {
    await using server = await eventStreamServer();
    const token = await server.reserve({ authorization: "Bearer ada" });
    const unknown = await server.send(sent("0".repeat(32)));
    expect([unknown.status, await unknown.problem]).toEqual([404, "Stream not found"]);
    for (const authorization of [{}, { authorization: "Bearer bob" }]) {
      const { headers, ...rest } = sent(token);
      const foreign = await server.send({ ...rest, headers: { ...headers, ...authorization } });
      expect([foreign.status, await foreign.problem]).toEqual([404, "Stream not found"]);
    }
    const { headers, ...rest } = sent(token);
    const own = await server.send({ ...rest, headers: { ...headers, authorization: "Bearer ada" } });
    expect(own.status).toBeLessThan(300);
  });

  it("has one operation of an id at a time", async () => {
    await using server = await eventStreamServer();
    const { token, session } = await opened(server);
    expect((await server.send(operation(token, "a"))).status).toBe(202);
    const again = await server.send(operation(token, "a"));
    expect([again.status, await again.problem]).toEqual([409, "Operation with ID already exists"]);
    session.say({ type: "complete", id: "a" });
    expect((await server.send(operation(token, "a"))).status).toBe(202);
    session.say({ type: "error", id: "a", errors: [{ message: "no" }] });
    expect((await server.send(operation(token, "a"))).status).toBe(202);
    await server.send({ method: "DELETE", path: "/graphql?operationId=a", headers: withToken(token) });
    expect((await server.send(operation(token, "a"))).status).toBe(202);
  });

  it.each([[undefined], [""], [7], [null]])("starts no operation whose id is %j", async (id) => {
    await using server = await eventStreamServer();
    const { token } = await opened(server);
    const answer = await server.send(operation(token, id));
    expect([answer.status, await answer.problem]).toEqual([400, "Operation ID is missing"]);
  });

  it("stops no operation without an id, and an unknown one without a fuss", async () => {
    await using server = await eventStreamServer();
    const { token, session } = await opened(server);
    const answer = await server.send({ method: "DELETE", headers: withToken(token) });
    expect([answer.status, await answer.problem]).toEqual([400, "Operation ID is missing"]);
    const path = "/graphql?operationId=z";
    expect((await server.send({ method: "DELETE", path, headers: withToken(token) })).status).toBe(200);
    expect(session.received).toHaveLength(1);
  });

  it("outlives a request that cannot be understood", async () => {
    await using server = await eventStreamServer();
    const { token, session } = await opened(server);
    const body = { query: 7, extensions: { operationId: "a" } };
    const answer = await server.send({ headers: withToken(token), body });
    expect([answer.status, await answer.problem]).toEqual([400, '"query" must be a string']);
    expect((await server.send({ headers: withToken(token), body: "{" })).status).toBe(400);
    expect(session.closings).toEqual([]);
  });

  it("whose session closes at a request answers that with the status of its code", async () => {
    await using server = await eventStreamServer();
    const { token, session } = await opened(server);
    session.receive = () => session.socket.close(4429, "Too many messages");
    const answer = await server.send(operation(token, "a"));
    expect([answer.status, await answer.problem]).toEqual([429, "Too many messages"]);
  });

  it("is forgotten with its token when its client goes away", async () => {
    await using server = await eventStreamServer();
    const { token, stream, session } = await opened(server);
    stream.response.destroy();
    await eventually(() => expect(session.closings).toHaveLength(1));
    expect((await server.send(opening(token))).status).toBe(404);
    expect(server.streams.connections).toBe(0);
  });

  it("is not there any more when its session has been closed, even if its client has not read that", async () => {
    await using server = await eventStreamServer();
    const { token, stream, session } = await opened(server);
    stream.response.pause();
    await session.fill();
    session.socket.close(1012, "Service restart");
    expect((await server.send(operation(token, "a"))).status).toBe(404);
    expect((await server.send(opening(token))).status).toBe(404);
    expect(session.closings).toEqual([]);
    stream.response.destroy();
    await eventually(() => expect(session.closings).toEqual([{ code: 1012, reason: "Service restart" }]));
  });

  it("is refused by the status of its session's close", async () => {
    await using server = await eventStreamServer({ acknowledges: false });
    const answered = server.send({ method: "PUT" });
    (await server.session()).socket.close(4403, "Forbidden");
    const answer = await answered;
    expect([answer.status, await answer.problem]).toEqual([403, "Forbidden"]);
    await eventually(() => expect(server.streams.connections).toBe(0));
    expect(server.clock.pending).toBe(0);
  });

  it("is forgotten ten seconds after it was reserved and not opened (PROTOCOL 11.9)", async () => {
    await using server = await eventStreamServer();
    const token = await server.reserve();
    const session = await server.session();
    session.socket.ping();
    expect(session.pongs).toBe(1);
    server.clock.advance(9_999);
    expect(session.closings).toEqual([]);
    server.clock.advance(1);
    expect(session.closings).toEqual([{ code: 1006, reason: "" }]);
    expect((await server.send(opening(token))).status).toBe(404);
    expect(server.streams.connections).toBe(0);
    expect(server.clock.pending).toBe(0);
  });

  it("is not forgotten once it was opened", async () => {
    await using server = await eventStreamServer();
    const { session } = await opened(server);
    server.clock.advance(60_000);
    expect(session.closings).toEqual([]);
  });

  it("can be reserved so many times, and once more for each that was opened, expired or left", async () => {
    await using server = await eventStreamServer({ limits: { reservations: 2 } });
    const first = await server.reserve();
    await server.reserve();
    const refused = await server.send({ method: "PUT" });
    expect([refused.status, await refused.problem]).toEqual([503, "Try again later"]);
    const stream = await server.send(opening(first));
    await server.reserve();
    expect((await server.send({ method: "PUT" })).status).toBe(503);
    server.clock.advance(10_000);
    await server.reserve();
    await server.reserve();
    expect((await server.send({ method: "PUT" })).status).toBe(503);
    expect(server.streams.connections).toBe(3);
    stream.response.destroy();
    await eventually(() => expect(server.streams.connections).toBe(2));
    expect((await server.send({ method: "PUT" })).status).toBe(503);
  });
});

describe("the end of the transport", () => {
  it("ends every stream with 1001, opens no more, and leaves nothing", async () => {
    await using server = await eventStreamServer();
    const distinct = await server.send(subscribe);
    const token = await server.reserve();
    const single = await server.send(opening(token));
    await server.reserve();
    await server.streams[Symbol.asyncDispose]();
    await Promise.all([distinct.whole(), single.whole()]);
    const ended = { code: 1001, reason: "Going away" };
    expect(server.sessions.map(({ closings }) => closings)).toEqual([[ended], [ended], [ended]]);
    expect(server.streams.connections).toBe(0);
    expect(server.clock.pending).toBe(0);
    expect((await server.send(subscribe)).status).toBe(503);
    expect((await server.send({ method: "PUT" })).status).toBe(503);
  });
});

it("An answer to another method is 405 with the four that there are", async () => {
  await using server = await eventStreamServer();
  for (const method of ["OPTIONS", "PATCH"]) {
    const { status, headers } = await server.send({ method });
    expect([method, status, headers["allow"]]).toEqual([method, 405, "GET, HEAD, POST, PUT, DELETE"]);
  }
});
