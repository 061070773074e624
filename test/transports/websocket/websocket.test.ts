import { once } from "node:events";
import { createClient } from "graphql-ws";
import type { Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { WebSocket, type PerMessageDeflateOptions } from "ws";
import { graphqlWs } from "../../../src/dialects/graphql-ws.ts";
import type { DeflateOptions } from "../../../src/transports/websocket/websocket.ts";
import { greeter } from "../greeter.ts";
import { bareConnection, connected, WebSocketClient } from "../websocket-client.ts";
import { websocketServer } from "../websocket-server.ts";
import { eventually } from "../../eventually.ts";
import { clientFrame, opcodes, takeServerFrames } from "../../faults/frame.ts";

const megabyte = "x".repeat(1_048_576);

describe("a WebSocket", () => {
  it("brings messages both ways, in order", async () => {
    await using server = await websocketServer();
    using client = await connected(server.url);
    client.socket.send("one");
    client.socket.send("двa 🏊");
    const { session } = server;
    await eventually(() => expect(session.messages).toEqual(["one", "двa 🏊"]));
    session.send("three");
    session.send("four", "");
    await eventually(() => expect(client.messages).toEqual(["three", "four", ""]));
  });

  it("puts fragments together", async () => {
    await using server = await websocketServer();
    using client = await connected(server.url);
    client.socket.send("one ", { fin: false });
    client.socket.send("two ", { fin: false });
    client.socket.send("three");
    await eventually(() => expect(server.session.messages).toEqual(["one two three"]));
  });

  it("is alive when it answers a ping", async () => {
    await using server = await websocketServer();
    using client = await connected(server.url);
    expect(server.session.pongs).toBe(0);
    server.session.socket.ping();
    await eventually(() => expect(server.session.pongs).toBe(1));
    expect(client.messages).toEqual([]);
  });

  it("answers pings of the client by itself", async () => {
    await using server = await websocketServer();
    using client = await connected(server.url);
    client.socket.ping("are you there?");
    const [data] = await once(client.socket, "pong");
    expect(String(data)).toBe("are you there?");
  });

  it("answers pings that came together all in order, and in few writes", async () => {
    await using server = await websocketServer();
    const writes: { readonly mock: { readonly calls: readonly unknown[] } }[] = [];
    server.server.once("connection", (socket: Socket) => {
      writes.push(vi.spyOn(socket, "_write"), vi.spyOn(socket, "_writev"));
    });
    const client = await bareConnection(server.port);
    const payloads = Array.from({ length: 100 }, (_, index) => `ping ${index}`);
    let bytes = Buffer.alloc(0);
    client.on("data", (chunk: Buffer) => (bytes = Buffer.concat([bytes, chunk])));
    const written = (): number => writes.reduce((sum, { mock }) => sum + mock.calls.length, 0);
    const before = written();
    client.write(Buffer.concat(payloads.map((payload) => clientFrame({ opcode: opcodes.ping, payload }))));
    const pongs = (): string[] => takeServerFrames(bytes).frames.map(({ payload }) => payload.toString());
    await eventually(() => expect(pongs()).toEqual(payloads));
    expect(written() - before).toBeLessThan(10);
    client.destroy();
  });

  it("serves a stock graphql-ws client", async () => {
    await using server = await websocketServer({ accept: greeter });
    const client = createClient({ url: server.url, webSocketImpl: WebSocket });
    const results: unknown[] = [];
    for await (const result of client.iterate({ query: "{ hi }" })) results.push(result);
    expect(results).toEqual([{ data: { hi: "{ hi }" } }]);
    await client.dispose();
  });
});

describe("a client that breaks the rules", () => {
  it("is closed with 4400 for a binary message", async () => {
    await using server = await websocketServer();
    using client = await connected(server.url);
    client.socket.send(Buffer.from("{}"));
    expect(await client.ended).toEqual({ code: 4400, reason: "Binary messages are not accepted" });
    expect(server.session.messages).toEqual([]);
  });

  it("may send binary messages in a dialect that says so, in UTF-8", async () => {
    const dialects = [graphqlWs({ binary: true })];
    await using server = await websocketServer({ dialects });
    using client = await connected(server.url, "graphql-ws");
    client.socket.send(Buffer.from('{"é":1}'));
    await eventually(() => expect(server.session.messages).toEqual(['{"é":1}']));
    client.socket.send(Buffer.from([0x22, 0xc3, 0x28, 0x22]));
    expect(await client.ended).toEqual({ code: 4400, reason: "Not valid UTF-8" });
    expect(server.session.messages).toHaveLength(1);
  });

  it("is closed with 1007 for broken UTF-8", async () => {
    await using server = await websocketServer();
    using client = await connected(server.url);
    client.socket.send(Buffer.from([0x22, 0xc3, 0x28, 0x22]), { binary: false });
    expect(await client.ended).toMatchObject({ code: 1007 });
    expect(server.session.messages).toEqual([]);
  });

  it("is closed with 1009 for a message over the limit, and not for one at it", async () => {
    await using server = await websocketServer();
    using client = await connected(server.url);
    client.socket.send("x".repeat(262_144));
    await eventually(() => expect(server.session.messages.length).toBe(1));
    client.socket.send("x".repeat(262_145));
    expect(await client.ended).toMatchObject({ code: 1009 });
  });

  it("is closed with 1009 when fragments add up to more than the limit", async () => {
    await using server = await websocketServer({ limits: { messageBytes: 10 } });
    using client = await connected(server.url);
    client.socket.send("123456", { fin: false });
    client.socket.send("123456");
    expect(await client.ended).toMatchObject({ code: 1009 });
  });

  it("is closed with 1008 for a message in more than 64 fragments", async () => {
    await using server = await websocketServer();
    using client = await connected(server.url);
    for (let sent = 0; sent < 65; sent++) client.socket.send("x", { fin: false });
    expect(await client.ended).toMatchObject({ code: 1008 });
  });

  it("is closed with 1002 for a frame that is not masked", async () => {
    await using server = await websocketServer();
    const socket = await bareConnection(server.port);
    socket.write(Buffer.from([0x81, 0x01, 0x78]));
    const [frame] = await once(socket, "data");
    expect(frame.readUInt16BE(2)).toBe(1002);
    socket.destroy();
  });

  it("ends its session with 1006 and a reason", async () => {
    await using server = await websocketServer({ limits: { messageBytes: 1 } });
    using client = await connected(server.url);
    client.socket.send("xx");
    const { session } = server;
    await eventually(() => expect(session.closings).toEqual([{ code: 1006, reason: "Max payload size exceeded" }]));
  });
});

describe("the end of a WebSocket", () => {
  it("comes after everything that was written before", async () => {
    await using server = await websocketServer();
    using client = await connected(server.url);
    const { session } = server;
    session.send(megabyte, "last");
    session.socket.close(4403, "Forbidden");
    session.send("too late");
    expect(await client.ended).toEqual({ code: 4403, reason: "Forbidden" });
    expect(client.messages.map((message) => message.length)).toEqual([megabyte.length, 4]);
  });

  it("cuts a reason to 123 bytes between two characters", async () => {
    await using server = await websocketServer();
    using client = await connected(server.url);
    server.session.socket.close(4400, `a${"€".repeat(100)}`);
    expect(await client.ended).toEqual({ code: 4400, reason: `a${"€".repeat(40)}` });
  });

  it("is told once to the session, with the code it chose itself", async () => {
    await using server = await websocketServer();
    using client = await connected(server.url);
    const { session } = server;
    session.socket.close(4401, "Unauthorized");
    session.socket.close(1000, "");
    await client.ended;
    await eventually(() => expect(server.transport.connections).toBe(0));
    expect(session.closings).toEqual([{ code: 4401, reason: "Unauthorized" }]);
  });

  it("is told to the session with the client's code", async () => {
    await using server = await websocketServer();
    using client = await connected(server.url);
    client.socket.close(4499, "Terminated");
    const { session } = server;
    await eventually(() => expect(session.closings).toEqual([{ code: 4499, reason: "Terminated" }]));
  });

  it("is told to the session when the client just dies", async () => {
    await using server = await websocketServer();
    using client = await connected(server.url);
    client.socket.terminate();
    const { session } = server;
    await eventually(() => expect(session.closings).toEqual([{ code: 1006, reason: "" }]));
  });

  it("leaves a socket on which nothing throws", async () => {
    await using server = await websocketServer();
    using client = await connected(server.url);
    client.socket.terminate();
    const { session } = server;
    await eventually(() => expect(session.closings.length).toBe(1));
    session.send("nobody");
    session.socket.ping();
    session.socket.close(1000, "");
    session.socket.terminate();
    expect(session.socket.blocked).toBe(false);
    expect(session.closings.length).toBe(1);
  });

  it("is a cut for a code that no close frame may carry", async () => {
    await using server = await websocketServer();
    using client = await connected(server.url);
    server.session.socket.close(1005, "");
    expect(await client.ended).toEqual({ code: 1006, reason: "" });
  });

  it("is a cut when the client does not answer in time", async () => {
    await using server = await websocketServer({ limits: { closeMilliseconds: 50 } });
    const socket = await bareConnection(server.port);
    server.session.socket.close(1012, "Service restart");
    await once(socket, "end");
    await eventually(() => expect(server.transport.connections).toBe(0));
  });

  it("comes for a client that ends its side without a close frame and reads nothing more", async () => {
    await using server = await websocketServer({ limits: { closeMilliseconds: 50 } });
    const socket = await bareConnection(server.port);
    socket.pause();
    const { session } = server;
    session.send(...Array.from({ length: 16 }, () => megabyte));
    socket.end();
    await eventually(() => expect(session.closings.length).toBe(1));
    socket.destroy();
  });
});

describe("a client that reads slowly", () => {
  it("blocks its socket until everything was taken, and no other", async () => {
    await using server = await websocketServer();
    using slow = await connected(server.url);
    using quick = await connected(server.url);
    const [slowSession, quickSession] = server.sessions;
    slow.socket.pause();
    slowSession?.send(...Array.from({ length: 32 }, () => megabyte));
    expect(slowSession?.socket.blocked).toBe(true);
    quickSession?.send("quick");
    await eventually(() => expect(quick.messages).toEqual(["quick"]));
    expect(quickSession?.socket.blocked).toBe(false);
    expect(slowSession?.drains).toBe(0);
    slow.socket.resume();
    await eventually(() => expect(slowSession?.drains).toBe(1));
    expect(slowSession?.socket.blocked).toBe(false);
  });
});

function bytesRead(sockets: readonly Socket[]): number {
  return sockets.reduce((sum, socket) => sum + socket.bytesRead, 0);
}

describe("clients that send much at the same time", () => {
  const [count, each] = [64, 4];
  const long = "x".repeat(250_000);

  /** All connected; each has sent four messages of 250 KB. */
  async function flood(url: string, stack: DisposableStack): Promise<void> {
    const clients = await Promise.all(Array.from({ length: count }, () => connected(url)));
    for (const client of clients) stack.use(client);
    for (const client of clients) for (let message = 0; message < each; message += 1) client.socket.send(long);
  }

  it("are read a few MiB in a turn, though their sessions tell them to go on, and all of it arrives", async () => {
    await using server = await websocketServer();
    const sockets: Socket[] = [];
    server.server.on("connection", (socket: Socket) => sockets.push(socket));
    using stack = new DisposableStack();
    await flood(server.url, stack);
    const turns: number[] = [];
    let read = bytesRead(sockets);
    while (server.sessions.some(({ messages }) => messages.length < each)) {
      await turn();
      for (const { socket } of server.sessions) socket.resume?.();
      turns.push(bytesRead(sockets) - read);
      read = bytesRead(sockets);
    }
    // When the 2 MiB are used up, each socket reads 64 KiB before it is held, and Node as much again before it stops.
    expect(Math.max(...turns)).toBeLessThanOrEqual(2_097_152 + count * 2 * 65_536);
    expect(server.sessions.flatMap(({ messages }) => messages)).toEqual(Array(count * each).fill(long));
  });

  it("are not read on while their sessions have paused them", async () => {
    await using server = await websocketServer();
    using stack = new DisposableStack();
    await flood(server.url, stack);
    // Most wait for a turn to read on by now.
    await turn();
    await turn();
    for (const { socket } of server.sessions) socket.pause?.();
    const before = server.sessions.map(({ messages }) => messages.length);
    for (let passed = 0; passed < 50; passed += 1) await turn();
    expect(server.sessions.map(({ messages }) => messages.length)).toEqual(before);
    for (const { socket } of server.sessions) socket.resume?.();
    await eventually(() => expect(server.sessions.every(({ messages }) => messages.length === each)).toBe(true));
  });
});

describe("a session that fails", () => {
  it.each([
    ["in a message", { message: fail }],
    ["in a pong", { alive: fail }],
  ])("%s is closed with 4500, and the operator is told", async (_where, handler) => {
    await using server = await websocketServer({
      accept(socket) {
        queueMicrotask(() => socket.ping());
        return { message() {}, receive() {}, alive() {}, pinged() {}, drained() {}, closed() {}, ...handler };
      },
    });
    using client = await connected(server.url);
    client.socket.send("{}");
    expect(await client.ended).toEqual({ code: 4500, reason: "Internal server error" });
    expect(server.log.entries).toEqual(["A session failed"]);
  });

  it("while it is opened is closed with 4500", async () => {
    await using server = await websocketServer({ accept: fail });
    using client = new WebSocketClient(server.url);
    expect(await client.ended).toEqual({ code: 4500, reason: "Internal server error" });
  });

  it("at its end leaves nothing behind", async () => {
    const handler = { message() {}, receive() {}, alive() {}, pinged() {}, drained() {}, closed: fail };
    await using server = await websocketServer({ accept: () => handler });
    using client = await connected(server.url);
    client.socket.close();
    await eventually(() => expect(server.transport.connections).toBe(0));
    expect(server.log.entries).toEqual(["A session failed"]);
  });
});

describe("permessage-deflate", () => {
  const compressing = { perMessageDeflate: true };

  it("is off unless asked for", async () => {
    await using server = await websocketServer();
    using client = await connected(server.url, undefined, compressing);
    expect(client.socket.extensions).toBe("");
  });

  it("brings messages both ways, in order, and closes after them", async () => {
    await using server = await websocketServer(compressing);
    using client = await connected(server.url, undefined, compressing);
    expect(client.socket.extensions).toBe("permessage-deflate");
    client.socket.send(megabyte.slice(0, 200_000));
    const { session } = server;
    await eventually(() => expect(session.messages.map((text) => text.length)).toEqual([200_000]));
    const texts = Array.from({ length: 20 }, (_, index) => `${index}${"ключ".repeat(index * 100)}`);
    session.send(...texts);
    session.socket.close(1000, "Done");
    expect(await client.ended).toEqual({ code: 1000, reason: "Done" });
    expect(client.messages).toEqual(texts);
  });

  it("bounds the message after it was inflated", async () => {
    await using server = await websocketServer(compressing);
    using client = await connected(server.url, undefined, compressing);
    client.socket.send(megabyte.repeat(10));
    expect(await client.ended).toMatchObject({ code: 1009 });
    expect(server.session.messages).toEqual([]);
  });

  it("blocks the socket while much waits to be compressed, and says when that is over", async () => {
    await using server = await websocketServer(compressing);
    using client = await connected(server.url, undefined, compressing);
    const { session } = server;
    session.send(megabyte, megabyte);
    expect(session.socket.blocked).toBe(true);
    await eventually(() => expect(session.drains).toBe(1));
    expect(session.socket.blocked).toBe(false);
    await eventually(() => expect(client.messages.length).toBe(2));
  });
});

describe("the disposal of the transport", () => {
  it("closes what is open with 1001 and refuses what comes later", async () => {
    await using server = await websocketServer();
    using client = await connected(server.url);
    await server.transport[Symbol.asyncDispose]();
    expect(await client.ended).toEqual({ code: 1001, reason: "Going away" });
    expect(server.transport.connections).toBe(0);
    using late = new WebSocketClient(server.url);
    expect(await late.ended).toEqual({ status: 503, body: "Going away" });
  });

  it("leaves a session's own farewell alone", async () => {
    await using server = await websocketServer();
    using client = await connected(server.url);
    server.session.socket.close(1012, "Service restart");
    await server.transport[Symbol.asyncDispose]();
    expect(await client.ended).toEqual({ code: 1012, reason: "Service restart" });
  });

  it("cuts clients that do not answer", async () => {
    await using server = await websocketServer({ limits: { closeMilliseconds: 50 } });
    const socket = await bareConnection(server.port);
    await server.transport[Symbol.asyncDispose]();
    expect(server.transport.connections).toBe(0);
    expect(server.session.closings).toEqual([{ code: 1001, reason: "Going away" }]);
    socket.destroy();
  });

  it("may be asked for twice", async () => {
    const server = await websocketServer();
    await Promise.all([server.transport[Symbol.asyncDispose](), server.transport[Symbol.asyncDispose]()]);
    await server[Symbol.asyncDispose]();
    expect(server.transport.connections).toBe(0);
  });
});

function fail(): never {
  throw new Error("a fault");
}

describe("options of permessage-deflate that a client's offer does not meet", () => {
  it.each<[DeflateOptions, PerMessageDeflateOptions, string]>([
    [{ serverNoContextTakeover: false }, { serverNoContextTakeover: true }, "permessage-deflate"],
    [{ clientNoContextTakeover: false }, { clientNoContextTakeover: true }, "permessage-deflate"],
    [{ serverMaxWindowBits: 12 }, { serverMaxWindowBits: 10 }, ""],
    [{ clientMaxWindowBits: 10 }, { clientMaxWindowBits: 0 }, ""],
    [{ clientMaxWindowBits: 12 }, { clientMaxWindowBits: 10 }, ""],
    [{ clientMaxWindowBits: 10 }, { clientMaxWindowBits: 12 }, "permessage-deflate"],
  ])("%j and the offer %j connect", async (perMessageDeflate, offer, extensions) => {
    await using server = await websocketServer({ perMessageDeflate });
    using client = await connected(server.url, undefined, { perMessageDeflate: offer });
    expect(client.socket.extensions).toMatch(extensions === "" ? /^$/ : extensions);
    server.session.send("ключ".repeat(1_000));
    await eventually(() => expect(client.messages).toEqual(["ключ".repeat(1_000)]));
  });
});
