import { createServer, type RequestListener, type Server } from "node:http";
import { describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { graphqlTransportWs } from "../../../src/dialects/graphql-transport-ws.ts";
import { attach, type PathOptions } from "../../../src/transports/server/attach.ts";
import { claimPath } from "../../../src/transports/server/path-claims.ts";
import { websocketTransport, type WebSocketTransport } from "../../../src/transports/websocket/websocket.ts";
import { WebSocketClient } from "../websocket-client.ts";
import { closeServer, listenAnywhere, recordedLog, RecordedSession } from "../websocket-server.ts";

interface Fixture extends AsyncDisposable {
  readonly server: Server;
  readonly websocket: WebSocketTransport;
  readonly port: number;
  readonly sessions: readonly RecordedSession[];
  attach(options: PathOptions): Disposable;
}

async function fixture(server: Server = createServer(answers("theirs"))): Promise<Fixture> {
  const sessions: RecordedSession[] = [];
  const websocket = websocketTransport({
    dialects: [graphqlTransportWs()],
    accept(socket, dialect) {
      const session = new RecordedSession(socket, dialect);
      sessions.push(session);
      return session;
    },
    log: recordedLog(),
  });
  const port = await listenAnywhere(server);
  return {
    server,
    websocket,
    port,
    sessions,
    attach: (options) => attach(server, options),
    async [Symbol.asyncDispose]() {
      await websocket[Symbol.asyncDispose]();
      await closeServer(server);
    },
  };
}

function answers(body: string): RequestListener {
  return (_request, response) => response.end(body);
}

const http: PathOptions["http"] = answers("ours");
const never: RequestListener = () => expect.unreachable("a listener got what was claimed");

async function text(port: number, path: string): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}${path}`)).text();
}

/** How an upgrade ends at a path: `open`, an HTTP status, or a close code. */
async function upgrade(port: number, path: string): Promise<"open" | number> {
  using client = new WebSocketClient(`ws://127.0.0.1:${port}${path}`);
  const opened = new Promise<"open">((resolve) => {
    client.socket.once("open", () => resolve("open"));
  });
  const ended = client.ended.then((end) => ("status" in end ? end.status : end.code));
  return await Promise.race([opened, ended]);
}

describe("a claimed path", () => {
  it("is taken with and without a query and a last slash, and nothing else is", async () => {
    await using at = await fixture();
    at.attach({ http });
    for (const path of ["/graphql", "/graphql?query=x", "/graphql/", "/graphql/?a=/b"]) {
      expect([path, await text(at.port, path)]).toEqual([path, "ours"]);
    }
    for (const path of ["/", "/graphqlx", "/graphql/x", "/Graphql", "/x/graphql", "/?/graphql"]) {
      expect([path, await text(at.port, path)]).toEqual([path, "theirs"]);
    }
  });

  it("can be any path", async () => {
    await using at = await fixture();
    at.attach({ http, path: "/api/v1/graphql/" });
    expect(await text(at.port, "/api/v1/graphql")).toBe("ours");
    expect(await text(at.port, "/graphql")).toBe("theirs");
  });

  it("is taken from listeners that are added later", async () => {
    await using at = await fixture(createServer());
    at.attach({ http, websocket: at.websocket });
    at.server.on("request", answers("theirs"));
    at.server.on("upgrade", (_request, stream) => stream.destroy());
    expect(await text(at.port, "/graphql")).toBe("ours");
    expect(await text(at.port, "/other")).toBe("theirs");
    expect(await upgrade(at.port, "/graphql")).toBe("open");
  });

  it("leaves requests to the others when it is claimed for upgrades alone", async () => {
    await using at = await fixture();
    at.attach({ websocket: at.websocket });
    expect(await text(at.port, "/graphql")).toBe("theirs");
    expect(await upgrade(at.port, "/graphql")).toBe("open");
  });

  it("does not disturb another WebSocket server that takes every path", async () => {
    await using at = await fixture();
    const other = new WebSocketServer({ server: at.server });
    at.attach({ websocket: at.websocket });
    expect(await upgrade(at.port, "/graphql")).toBe("open");
    expect(at.sessions.length).toBe(1);
    expect(await upgrade(at.port, "/other")).toBe("open");
    expect(at.sessions.length).toBe(1);
    other.close();
  });

  it("is not disturbed by another WebSocket server that aborts foreign paths", async () => {
    await using at = await fixture();
    const other = new WebSocketServer({ server: at.server, path: "/other" });
    at.attach({ websocket: at.websocket });
    expect(await upgrade(at.port, "/graphql")).toBe("open");
    expect(await upgrade(at.port, "/other")).toBe("open");
    expect(await upgrade(at.port, "/neither")).toBe(400);
    other.close();
  });

  it("may have neighbours", async () => {
    await using at = await fixture(createServer(never));
    at.attach({ http, websocket: at.websocket });
    at.attach({ http: answers("two"), path: "/streams" });
    expect(await text(at.port, "/graphql")).toBe("ours");
    expect(await text(at.port, "/streams")).toBe("two");
    expect(await upgrade(at.port, "/graphql")).toBe("open");
    expect(await upgrade(at.port, "/streams")).toBe(200);
  });

  it("is one's own alone", async () => {
    await using at = await fixture();
    at.attach({ http });
    expect(() => at.attach({ http, path: "/graphql/" })).toThrow(expect.objectContaining({ code: "BAD_OPTION" }));
  });

  it("must begin with a slash", async () => {
    await using at = await fixture();
    expect(() => at.attach({ http, path: "graphql" })).toThrow(expect.objectContaining({ code: "BAD_OPTION" }));
  });
});

describe("an upgrade that nobody claimed", () => {
  it("is a plain request when nobody else listens", async () => {
    await using at = await fixture();
    at.attach({ websocket: at.websocket });
    expect(await upgrade(at.port, "/other")).toBe(200);
  });

  it("is left to whoever else listens", async () => {
    await using at = await fixture();
    at.server.on("upgrade", (_request, stream) => stream.end("HTTP/1.1 418 Theirs\r\n\r\n"));
    at.attach({ websocket: at.websocket });
    expect(await upgrade(at.port, "/other")).toBe(418);
  });
});

describe("the end of a claim", () => {
  it("gives the path back and leaves no trace", async () => {
    await using at = await fixture();
    const before = at.server.eventNames().map((name) => [name, at.server.listenerCount(name)]);
    const attached = at.attach({ http, websocket: at.websocket });
    expect(await text(at.port, "/graphql")).toBe("ours");
    attached[Symbol.dispose]();
    attached[Symbol.dispose]();
    expect(await text(at.port, "/graphql")).toBe("theirs");
    expect(at.server.eventNames().map((name) => [name, at.server.listenerCount(name)])).toEqual(before);
    expect(Object.hasOwn(at.server, "emit")).toBe(false);
  });

  it("does not end a later claim of the same path", async () => {
    await using at = await fixture();
    const first = at.attach({ http: answers("first") });
    first[Symbol.dispose]();
    at.attach({ http: answers("second") });
    first[Symbol.dispose]();
    expect(await text(at.port, "/graphql")).toBe("second");
  });

  it("keeps the neighbours", async () => {
    await using at = await fixture();
    const one = at.attach({ http, websocket: at.websocket });
    at.attach({
      http: answers("two"),
      path: "/streams",
      websocket: at.websocket,
    });
    one[Symbol.dispose]();
    expect(await text(at.port, "/streams")).toBe("two");
    expect(await text(at.port, "/graphql")).toBe("theirs");
    expect(await upgrade(at.port, "/streams")).toBe("open");
  });

  it("keeps what somebody else wrapped around the server in the meantime", async () => {
    await using at = await fixture();
    const attached = at.attach({ http });
    const inner = at.server.emit.bind(at.server);
    let seen = 0;
    at.server.emit = (event: string, ...rest: unknown[]): boolean => {
      if (event === "request") seen += 1;
      return inner(event, ...rest);
    };
    expect(await text(at.port, "/graphql")).toBe("ours");
    attached[Symbol.dispose]();
    expect(await text(at.port, "/graphql")).toBe("theirs");
    at.attach({ http });
    expect(await text(at.port, "/graphql")).toBe("ours");
    expect(seen).toBe(3);
  });
});

it("A claim takes upgrades that a framework passes on past the server's own emit", async () => {
  await using at = await fixture();
  const second = createServer();
  // As Fastify does for the further addresses of `localhost`.
  const passOn = at.server.emit.bind(at.server, "upgrade");
  second.on("upgrade", (request, stream, head) => passOn(request, stream, head));
  const port = await listenAnywhere(second);
  claimPath(at.server, "/graphql", {
    upgrade: (request, stream, head) => at.websocket.upgrade(request, stream, head),
  });
  expect(await upgrade(port, "/graphql")).toBe("open");
  second.close();
});
