import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import fastify from "fastify";
import { describe, expect, it } from "vitest";
import { createFanfare, silentLog } from "fanfare";
import { chatSchema } from "../../server/chat.ts";
import { closeServer, listenAnywhere, portOf } from "../websocket-server.ts";

const query = JSON.stringify({ query: "{ hi }" });
const result = '{"data":{"hi":"hello"}}';

/** How programs ask for another protocol, each of which may be ignored: the heads are as these write them. */
const upgrades: Readonly<Record<string, readonly string[]>> = {
  "Java's HttpClient": [
    "Connection: Upgrade, HTTP2-Settings",
    "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
    "Upgrade: h2c",
    "User-Agent: Java-http-client/17.0.19",
  ],
  "curl --http2": [
    "User-Agent: curl/7.88.1",
    "Accept: */*",
    "Connection: Upgrade, HTTP2-Settings",
    "Upgrade: h2c",
    "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA",
  ],
  "a proxy for TLS": ["Connection: upgrade", "Upgrade: TLS/1.2"],
  "a list of protocols": ["Connection: upgrade", "Upgrade: foo/2, bar"],
};

/** Status and body of the answer to a bare request. */
async function ask(port: number, method: string, path: string, headers: readonly string[], body = ""): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  const length = body === "" ? [] : ["Content-Type: application/json", `Content-Length: ${body.length}`];
  const lines = [`${method} ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, ...headers, ...length];
  socket.write(`${lines.join("\r\n")}\r\n\r\n${body.slice(0, 5)}`);
  socket.write(body.slice(5));
  const [first] = await once(socket, "data");
  socket.end();
  const answer = `${first}${await text(socket)}`;
  return `${answer.slice(9, 12)} ${answer.slice(answer.indexOf("\r\n\r\n") + 4)}`;
}

const websocket = [
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Protocol: graphql-transport-ws",
];

const site: Parameters<typeof createServer>[1] = (request, response) => {
  void text(request).then((body) => response.setHeader("content-length", 4 + body.length).end(`site${body}`));
};

/** Kinds of servers, by who decides what is an upgrade: Node did it for all of them before it asked by request. */
const servers: Readonly<Record<string, () => Server>> = {
  "a server": () => createServer(site),
  "a server on which every upgrade is an event": () => createServer({ shouldUpgradeCallback: () => true }, site),
};

describe.each(Object.entries(servers))("%s that GraphQL is attached to", (_name, create) => {
  const attached = async (options: { readonly http?: boolean } = {}) => {
    const server = create();
    const fanfare = createFanfare({ schema: chatSchema(), log: silentLog });
    fanfare.attach(server, options);
    const port = await listenAnywhere(server);
    const dispose = async () => {
      await fanfare[Symbol.asyncDispose]();
      await closeServer(server);
    };
    return { server, port, [Symbol.asyncDispose]: dispose };
  };

  it.each(Object.entries(upgrades))("answers what %s asks, on every path", async (_client, headers) => {
    await using at = await attached();
    expect(await ask(at.port, "POST", "/graphql", headers, query)).toBe(`200 ${result}`);
    const preflight = [...headers, "X-Requested-With: test"];
    expect(await ask(at.port, "GET", "/graphql?query={hi}", preflight)).toBe(`200 ${result}`);
    expect(await ask(at.port, "GET", "/rest", headers)).toBe("200 site");
    expect(await ask(at.port, "POST", "/rest", headers, query)).toBe(`200 site${query}`);
  });

  it("answers a handshake for a WebSocket at other paths as it did before", async () => {
    await using at = await attached();
    expect(await ask(at.port, "GET", "/rest", websocket)).toBe("200 site");
  });

  it("keeps its answers where the path is claimed for WebSockets alone", async () => {
    await using at = await attached({ http: false });
    expect(await ask(at.port, "POST", "/graphql", upgrades["curl --http2"] ?? [], query)).toBe(`200 site${query}`);
  });

  it("opens WebSockets", async () => {
    await using at = await attached();
    const socket = connect(at.port, "127.0.0.1");
    socket.write(`GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\n${websocket.join("\r\n")}\r\n\r\n`);
    const [answer] = await once(socket, "data");
    expect(String(answer)).toMatch(/^HTTP\/1\.1 101 /);
    socket.destroy();
  });

  it("leaves upgrades of other paths to a listener for them", async () => {
    await using at = await attached();
    at.server.on("upgrade", (_request, stream) => stream.end("HTTP/1.1 418 Theirs\r\n\r\n"));
    expect(await ask(at.port, "GET", "/rest", ["Connection: upgrade", "Upgrade: foo/2"])).toBe("418 ");
    expect(await ask(at.port, "POST", "/graphql", ["Connection: upgrade", "Upgrade: foo/2"], query)).toBe(
      `200 ${result}`,
    );
  });

  it("decides by itself again when the path is given back", async () => {
    const server = create();
    const decision = (): unknown => Reflect.get(server, "shouldUpgradeCallback");
    const before = decision();
    await using fanfare = createFanfare({ schema: chatSchema(), log: silentLog });
    const claim = fanfare.attach(server);
    expect(decision()).not.toBe(before);
    claim[Symbol.dispose]();
    expect(decision()).toBe(before);
  });
});

it("A request that asks for HTTP/2 is served by a server of its own as well", async () => {
  await using fanfare = createFanfare({ schema: chatSchema(), log: silentLog });
  const { port } = await fanfare.listen({ port: 0 });
  const headers = upgrades["Java's HttpClient"] ?? [];
  expect(await ask(port, "POST", "/graphql", headers, query)).toBe(`200 ${result}`);
  expect(await ask(port, "GET", "/rest", headers)).toMatch(/^404 /);
});

it("A request that asks for HTTP/2 is served by each server that Fastify has for `localhost`", async () => {
  await using fanfare = createFanfare({ schema: chatSchema(), log: silentLog });
  const app = fastify({ forceCloseConnections: true });
  app.all("/*", () => "theirs");
  fanfare.attach(app.server);
  await app.listen({ port: 0, host: "localhost" });
  const headers = upgrades["curl --http2"] ?? [];
  const hosts = app.addresses().map((address) => (typeof address === "string" ? address : address.address));
  for (const host of hosts) {
    const socket = connect(portOf(app.server), host);
    socket.write(`GET /rest HTTP/1.1\r\nHost: localhost\r\n${headers.join("\r\n")}\r\n\r\n`);
    const [answer] = await once(socket, "data");
    expect(String(answer)).toMatch(/^HTTP\/1\.1 200 OK/);
    socket.destroy();
  }
  await app.close();
});
