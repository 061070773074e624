import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createFanfare, silentLog, type FanfareOptions, type TransportLimits } from "fanfare";
import { bareConnection, connected, WebSocketClient } from "../transports/websocket-client.ts";
import { closeServer, listenAnywhere } from "../transports/websocket-server.ts";
import { chatSchema } from "./chat.ts";
import { eventually } from "../eventually.ts";

const schema = chatSchema();

async function serverWith(limits: Partial<TransportLimits>, more: Partial<FanfareOptions> = {}) {
  const fanfare = createFanfare({ schema, log: silentLog, ...more, limits });
  const { port } = await fanfare.listen({ port: 0 });
  return { fanfare, port, [Symbol.asyncDispose]: () => fanfare[Symbol.asyncDispose]() };
}

function urlOf({ port }: { readonly port: number }): string {
  return `ws://127.0.0.1:${port}/graphql`;
}

describe("A server whose limits of transports are set (PROTOCOL 6.5)", () => {
  it("refuses a value that is not allowed, and says which are", () => {
    const limits = { closeMilliseconds: Infinity };
    expect(() => createFanfare({ schema, limits })).toThrow(
      "limits.closeMilliseconds is Infinity; it must be a whole number from 1 to 2147483647",
    );
  });

  it("closes with 1008 for a message in more than `messageFragments` frames", async () => {
    await using server = await serverWith({ messageFragments: 2 });
    using client = await connected(urlOf(server));
    for (let sent = 0; sent < 3; sent++) client.socket.send("x", { fin: false });
    expect(await client.ended).toMatchObject({ code: 1008 });
  });

  it("closes with 1008 for a message that comes in more than `messageChunks` pieces", async () => {
    await using server = await serverWith({ messageChunks: 2 });
    const socket = await bareConnection(server.port);
    socket.setNoDelay(true);
    const closing = once(socket, "data");
    // The head of a masked frame of 100 bytes, then its bytes one by one.
    socket.write(Buffer.from([0x81, 0x80 | 100, 0, 0, 0, 0]));
    for (let sent = 0; sent < 10 && socket.bytesRead < 200; sent++) {
      await sleep(5);
      socket.write("x");
    }
    const [frame] = await closing;
    expect([frame[0], frame.readUInt16BE(2)]).toEqual([0x88, 1008]);
    socket.destroy();
  });

  it("cuts a client that lets more than `pendingPongs` answers wait", async () => {
    await using server = await serverWith({ pendingPongs: 1 });
    const socket = await bareConnection(server.port);
    const received: number[] = [];
    socket.on("data", (bytes: Buffer) => received.push(...bytes));
    // In one packet: the answer to the first cannot have left when the next is read.
    const ping = Buffer.from([0x89, 0x80, 0, 0, 0, 0]);
    socket.write(Buffer.concat([ping, ping, ping]));
    await once(socket, "end");
    expect(received).not.toContain(0x88);
    socket.destroy();
  });

  it("refuses by status when `refusals` clients take their time, which is `refusalMilliseconds`", async () => {
    await using server = await serverWith({ refusals: 1, refusalMilliseconds: 300 }, { dialects: [] });
    const lingering = await bareConnection(server.port);
    using refused = new WebSocketClient(urlOf(server));
    expect(await refused.ended).toMatchObject({ status: 400 });
    await once(lingering, "end");
    using later = new WebSocketClient(urlOf(server));
    expect(await later.ended).toMatchObject({ code: 4406 });
    lingering.destroy();
  });

  it("cuts a client that does not answer its close within `closeMilliseconds`", async () => {
    await using server = await serverWith({ closeMilliseconds: 20 });
    const socket = await bareConnection(server.port);
    const since = performance.now();
    await server.fanfare[Symbol.asyncDispose]();
    // Without the limit it would take five seconds.
    expect(performance.now() - since).toBeLessThan(4_000);
    socket.destroy();
  });

  it("holds at an attached path as well", async () => {
    await using fanfare = createFanfare({ schema, log: silentLog, limits: { messageFragments: 1 } });
    const server = createServer();
    fanfare.attach(server);
    const port = await listenAnywhere(server);
    using client = await connected(urlOf({ port }));
    for (let sent = 0; sent < 2; sent++) client.socket.send("x", { fin: false });
    expect(await client.ended).toMatchObject({ code: 1008 });
    await closeServer(server);
  });

  it("answers with 408 where headers take more than `headersMilliseconds`", async () => {
    await using server = await serverWith({ headersMilliseconds: 50 });
    const socket = connect(server.port, "127.0.0.1");
    socket.write("GET /graphql HTTP/1.1\r\n");
    const [answer] = await once(socket, "data");
    expect(String(answer)).toMatch(/^HTTP\/1\.1 408 /);
    socket.destroy();
  });

  it("refuses with 429 where an address has `reservationsPerAddress`, and serves the others", async () => {
    await using server = await serverWith({ reservationsPerAddress: 2 }, { trustProxy: 1 });
    const url = urlOf(server).replace("ws", "http");
    const reserve = (address: string) => fetch(url, { method: "PUT", headers: { "x-forwarded-for": address } });
    const [first] = [await reserve("192.0.2.1"), await reserve("192.0.2.1")];
    expect((await reserve("192.0.2.1")).status).toBe(429);
    expect((await reserve("192.0.2.2")).status).toBe(201);
    const token = await first?.text();
    const stream = await fetch(`${url}?token=${token}`, { headers: { accept: "text/event-stream" } });
    expect([stream.status, (await reserve("192.0.2.1")).status]).toEqual([200, 201]);
    await stream.body?.cancel();
  });

  it("forgets a stream that is not opened within `reservationMilliseconds`", async () => {
    await using server = await serverWith({ reservationMilliseconds: 500, reservations: 1 });
    const url = urlOf(server).replace("ws", "http");
    const reserve = async () => (await fetch(url, { method: "PUT" })).status;
    expect([await reserve(), await reserve()]).toEqual([201, 503]);
    await eventually(async () => expect(await reserve()).toBe(201));
  });
});
