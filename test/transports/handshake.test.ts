import { once } from "node:events";
import { describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import type { Peer } from "../../src/contract/peer.ts";
import { graphqlTransportWs } from "../../src/dialects/graphql-transport-ws.ts";
import { NotingLog } from "../server/noting-log.ts";
import { OriginCheck } from "../../src/transports/origin.ts";
import { bareConnection, connected, WebSocketClient } from "./websocket-client.ts";
import { websocketServer } from "./websocket-server.ts";
import { eventually } from "../eventually.ts";

const newer = { ...graphqlTransportWs(), name: "newer" };
const older = { ...graphqlTransportWs(), name: "older" };

describe("the choice of a subprotocol", () => {
  it.each([
    [["newer"], "newer"],
    [["older"], "older"],
    [["older", "newer"], "newer"],
    [["unknown", "older", "other"], "older"],
  ])("from %j is %s", async (offered, chosen) => {
    await using server = await websocketServer({ dialects: [newer, older] });
    using client = await connected(server.url, offered);
    expect(client.socket.protocol).toBe(chosen);
    expect(server.session.dialect.name).toBe(chosen);
  });

  const reason = "Subprotocol not acceptable; this server speaks newer, older";

  it.each([[["unknown"]], [["unknown", "Newer"]], [[]]])(
    "from %j is a close with 4406 that says what is spoken here",
    async (offered) => {
      await using server = await websocketServer({ dialects: [newer, older] });
      using client = new WebSocketClient(server.url, offered);
      expect(await client.ended).toEqual({ code: 4406, reason });
      expect(server.sessions).toEqual([]);
    },
  );

  it("from none that fits is status 400 where refusals go by HTTP", async () => {
    await using server = await websocketServer({ dialects: [newer, older], refusal: "http" });
    using client = new WebSocketClient(server.url, ["unknown"]);
    expect(await client.ended).toEqual({ status: 400, body: reason });
  });
});

describe("a handshake that is refused", () => {
  const refusal = { status: 429, code: 1013, reason: "Try again later" };

  it("is closed with the code by default", async () => {
    await using server = await websocketServer({ admit: () => refusal });
    using client = new WebSocketClient(server.url);
    expect(await client.ended).toEqual({ code: 1013, reason: "Try again later" });
    expect(server.sessions).toEqual([]);
  });

  it("is answered with the status where refusals go by HTTP", async () => {
    await using server = await websocketServer({ admit: () => refusal, refusal: "http" });
    using client = new WebSocketClient(server.url);
    expect(await client.ended).toEqual({ status: 429, body: "Try again later" });
  });

  it("has a reason that fits into a close frame", async () => {
    const long = { ...refusal, reason: "€".repeat(100) };
    await using server = await websocketServer({ admit: () => long });
    using client = new WebSocketClient(server.url);
    expect(await client.ended).toEqual({ code: 1013, reason: "€".repeat(41) });
  });

  it("is gone after a second when the client does not answer", async () => {
    await using server = await websocketServer({ admit: () => refusal });
    const socket = await bareConnection(server.port);
    const count = () => new Promise((resolve) => server.server.getConnections((_, n) => resolve(n)));
    expect(await count()).toBe(1);
    await eventually(async () => expect(await count()).toBe(0));
    socket.destroy();
  });

  it("is gone after the time that was set", async () => {
    await using server = await websocketServer({ admit: () => refusal, limits: { refusalMilliseconds: 20 } });
    const socket = await bareConnection(server.port);
    const since = performance.now();
    await once(socket, "end");
    // Without the limit it would take a second.
    expect(performance.now() - since).toBeLessThan(900);
    socket.destroy();
  });

  it("goes by status when too many others take their time", async () => {
    await using server = await websocketServer({ admit: () => refusal, limits: { refusals: 1 } });
    const socket = await bareConnection(server.port);
    using client = new WebSocketClient(server.url);
    expect(await client.ended).toEqual({ status: 429, body: "Try again later" });
    socket.destroy();
  });

  it("does not harm the server when it is no WebSocket handshake at all", async () => {
    await using server = await websocketServer();
    const socket = await bareConnection(server.port, { "Sec-WebSocket-Key": "short" });
    socket.destroy();
    using client = await connected(server.url);
    expect(client.socket.readyState).toBe(WebSocket.OPEN);
  });

  it("is cut, and the operator told, when the decision itself fails", async () => {
    await using server = await websocketServer({ admit: fail });
    using client = new WebSocketClient(server.url);
    expect(await client.ended).toMatchObject({ code: 1006 });
    expect(server.log.entries).toEqual(["A WebSocket handshake failed"]);
  });
});

describe("an origin", () => {
  const host = "good.com";
  it.each([
    ["of the same host", { host, origin: "https://good.com" }, true],
    ["of the same host without TLS", { host, origin: "http://good.com" }, true],
    ["of the same host and port", { host: "good.com:8080", origin: "http://good.com:8080" }, true],
    ["of the same host, port written", { host: "good.com:443", origin: "https://good.com" }, true],
    ["of the same host in capitals", { host: "Good.com", origin: "https://good.com" }, true],
    ["of another port", { host, origin: "https://good.com:8443" }, false],
    ["of the other scheme's port", { host: "good.com:443", origin: "http://good.com" }, false],
    ["of another host", { host, origin: "https://evil.com" }, false],
    ["that begins with the host", { host, origin: "https://good.com.evil.io" }, false],
    ["that ends with the host", { host, origin: "https://notgood.com" }, false],
    ["of a subdomain", { host, origin: "https://sub.good.com" }, false],
    ["in capitals, which no browser sends", { host, origin: "https://GOOD.com" }, true],
    ["with the scheme of WebSockets, which no browser sends", { host, origin: "ws://good.com" }, true],
    ["with that of WebSockets over TLS", { host: "good.com:443", origin: "wss://good.com" }, true],
    ["with that and a port", { host: "good.com:8080", origin: "ws://good.com:8080" }, true],
    ["with its default port written out", { host, origin: "https://good.com:443" }, true],
    ["with the default port of WebSockets written out", { host, origin: "WSS://Good.com:443" }, true],
    ["with the port of another scheme", { host, origin: "wss://good.com:80" }, false],
    ["of another host with the scheme of WebSockets", { host, origin: "wss://evil.com" }, false],
    ["of a user at another host", { host, origin: "wss://good.com@evil.com" }, false],
    ["with a path", { host, origin: "https://good.com/" }, false],
    ["of another scheme", { host, origin: "ftp://good.com" }, false],
    ["that is null", { host, origin: "null" }, false],
    ["that is null, with a cookie", { host, origin: "null", cookie: "a=b" }, false],
    ["that is empty", { host, origin: "" }, false],
    ["without a host to compare with", { origin: "https://" }, false],
    ["that is missing", { host }, true],
    ["that is missing, with a cookie", { host, cookie: "a=b" }, false],
    ["of the list", { host, origin: "https://app.example.com" }, true],
    ["of the list, with a port", { host, origin: "https://app.example.com:8443" }, false],
    ["of the list, another scheme", { host, origin: "http://app.example.com" }, false],
    ["of the list, an app's", { host, origin: "capacitor://localhost" }, true],
  ])("%s: %j is allowed: %s", (_name, headers, allowed) => {
    const check = new OriginCheck({ allow: ["https://app.example.com", "capacitor://localhost"] });
    expect(check.problem(headers) === undefined).toBe(allowed);
  });

  it("may be anything if the check is off", () => {
    const check = new OriginCheck({ allow: "any" });
    expect(check.problem({ host, origin: "https://evil.com", cookie: "a=b" })).toBeUndefined();
    expect(check.problem({ host, cookie: "a=b" })).toBeUndefined();
    expect(check.proves({ host })).toBe(false);
  });

  it.each(["https://good.com/", "good.com", "https://good.com:443", "*", "https://Good.com"])(
    "cannot be allowed as %j, which no browser sends",
    (origin) => {
      expect(() => new OriginCheck({ allow: [origin] })).toThrow(expect.objectContaining({ code: "BAD_OPTION" }));
    },
  );

  it("of elsewhere is refused before the upgrade by default", async () => {
    await using server = await websocketServer();
    using client = new WebSocketClient(server.url, undefined, { origin: "https://evil.com" });
    expect(await client.ended).toEqual({ status: 403, body: "Origin not allowed" });
    expect(server.sessions).toEqual([]);
  });

  it("of elsewhere is closed with 4403 where refusals are closes", async () => {
    await using server = await websocketServer({ refusal: "close" });
    using client = new WebSocketClient(server.url, undefined, { origin: "https://evil.com" });
    expect(await client.ended).toEqual({ code: 4403, reason: "Origin not allowed" });
    expect(server.sessions).toEqual([]);
  });

  it("that is refused is logged with what was compared, the option that allows it, and then only counted", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const log = new NotingLog();
    await using server = await websocketServer({ log });
    const origin = `https://${"e".repeat(200)}.com`;
    for (let count = 0; count < 3; count += 1) {
      using client = new WebSocketClient(server.url, undefined, { origin });
      expect(await client.ended).toMatchObject({ status: 403 });
    }
    expect(log.entries).toEqual([
      {
        level: "warn",
        message: expect.stringMatching(/^A WebSocket was refused: Origin not allowed.*`origin: { allow: \[ … \] }`$/),
        details: { origin: `"${origin.slice(0, 100)}…"`, host: `"127.0.0.1:${server.port}"` },
      },
    ]);
    vi.advanceTimersByTime(60_000);
    vi.useRealTimers();
    expect(log.entries.slice(1)).toMatchObject([{ level: "warn", details: { refused: 2 } }]);
  });

  it("that is missing beside a cookie is told as that", async () => {
    const log = new NotingLog();
    await using server = await websocketServer({ log });
    using client = new WebSocketClient(server.url, undefined, { headers: { cookie: "a=b" } });
    expect(await client.ended).toEqual({ status: 403, body: "Cookie without an Origin not allowed" });
    expect(log.messages).toEqual([expect.stringContaining('`origin: { allow: "any" }`')]);
  });

  it("of Apollo iOS, the URL that it connects to, is let in", async () => {
    await using server = await websocketServer();
    const headers = { host: "api.example.com:443", origin: "wss://api.example.com" };
    using client = await connected(server.url, undefined, { headers });
    expect(client.socket.readyState).toBe(WebSocket.OPEN);
  });

  it("of the server itself is let in, also with cookies", async () => {
    await using server = await websocketServer();
    const origin = `http://127.0.0.1:${server.port}`;
    using client = await connected(server.url, undefined, { origin, headers: { cookie: "a=b" } });
    expect(client.socket.readyState).toBe(WebSocket.OPEN);
  });
});

describe("a peer", () => {
  it("tells the path, the query and the headers", async () => {
    const peer = await peerWith({ Authorization: "Bearer x: y", "X-Empty": "" });
    expect(peer.url).toBe("/graphql?a=b");
    expect(peer.header("authorization")).toBe("Bearer x: y");
    expect(peer.header("x-empty")).toBe("");
    expect(peer.header("x-missing")).toBeUndefined();
    expect(peer.header("bearer x")).toBeUndefined();
    expect(peer.header("constructor")).toBeUndefined();
    expect(peer.header("upgrade")).toBe("websocket");
  });

  const chain = { "X-Forwarded-For": "198.51.100.9, 203.0.113.7, 192.0.2.1" };
  it.each([
    ["its network address without trust in proxies", chain, undefined, "127.0.0.1"],
    ["the last entry behind one proxy", chain, 1, "192.0.2.1"],
    ["the last but one behind two", chain, 2, "203.0.113.7"],
    ["the first one behind more than wrote themselves down", chain, 9, "198.51.100.9"],
    ["its network address if a proxy wrote nothing", {}, 1, "127.0.0.1"],
    ["its network address if a proxy wrote nonsense", { "X-Forwarded-For": "<x>" }, 1, "127.0.0.1"],
    ["an IPv6 address", { "X-Forwarded-For": "2001:db8::1" }, 1, "2001:db8::1"],
    ["an address without its port", { "X-Forwarded-For": "192.0.2.1:4711" }, 1, "192.0.2.1"],
    ["an IPv6 one too", { "X-Forwarded-For": "[2001:db8::1]:4711" }, 1, "2001:db8::1"],
    ["an IPv4 address as such", { "X-Forwarded-For": "::ffff:192.0.2.1" }, 1, "192.0.2.1"],
  ])("has %s", async (_name, headers, trustProxy, address) => {
    expect((await peerWith(headers, trustProxy)).address).toBe(address);
  });
});

async function peerWith(headers: Record<string, string>, trustProxy?: number): Promise<Peer> {
  await using server = await websocketServer({ trustProxy });
  using client = await connected(`${server.url}?a=b`, undefined, { headers });
  expect(client.socket.readyState).toBe(WebSocket.OPEN);
  return server.session.socket.peer;
}

function fail(): never {
  throw new Error("a fault");
}
