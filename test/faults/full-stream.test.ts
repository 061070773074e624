import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { bareConnection } from "../transports/websocket-client.ts";
import { websocketServer } from "../transports/websocket-server.ts";
import { eventually } from "../eventually.ts";

describe("A socket that a ping fills to the brim", () => {
  it("tells its session when it has been drained", async () => {
    await using server = await websocketServer();
    const streams: Socket[] = [];
    server.server.on("connection", (stream) => streams.push(stream));
    const client = await bareConnection(server.port);
    client.pause();
    const [stream] = streams;
    const { session } = server;
    do session.send("x".repeat(30_000));
    while (streams[0]?.writableLength === 0);
    const { writableHighWaterMark = 0, writableLength = 0 } = stream ?? {};
    session.send("x".repeat(writableHighWaterMark - writableLength - 10));
    expect(session.socket.blocked).toBe(false);
    for (let count = 0; count < 10; count++) session.socket.ping();
    expect(session.socket.blocked).toBe(true);

    client.resume();
    await eventually(() => expect(session.socket.blocked).toBe(false));
    await eventually(() => expect(session.drains).toBe(1));
    client.destroy();
  });
});
