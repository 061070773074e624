import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { Duplex } from "node:stream";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { createFanfare, silentLog, type Fanfare } from "fanfare";
import { graphqlTransportWs } from "fanfare/dialects";
import { websocketTransport } from "../../src/transports/websocket/websocket.ts";
import { Observed } from "../clients/observed.ts";
import { until } from "../faults/until.ts";
import { chatSchema, message, room } from "../server/chat.ts";
import { closeServer, listenAnywhere, recordedLog, RecordedSession } from "./websocket-server.ts";

/** One end of a connection in this process, as tunnels have it: it hands each chunk on as it is, and calls back at once. */
class End extends Duplex {
  peer: End | undefined;

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.peer?.push(chunk);
    callback();
  }

  override _destroy(_error: Error | null, callback: () => void): void {
    this.peer?.push(null);
    this.peer?.destroy();
    callback();
  }
}

/** The two ends of a connection to a server. */
function tunnel(server: Server): End {
  const [ours, theirs] = [new End(), new End()];
  [ours.peer, theirs.peer] = [theirs, ours];
  server.emit("connection", theirs);
  return ours;
}

const lobby = 'subscription { messageAdded(room: "lobby") { text } }';
const texts = ["for Ann", "for Bob: secret", "for Eve, longer than the others", "last"];

/** Publishes each text in a turn of its own, so that it has a write of its own. */
async function publish(fanfare: Fanfare): Promise<void> {
  for (const text of texts) {
    await fanfare.publish(room({ room: "lobby" }), message(text));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function live(observed: Observed): Promise<void> {
  await until(
    () => observed.live === 1,
    () => "the subscription to be live",
  );
}

describe("a stream that keeps the chunks it is given has each of them as it was written", () => {
  it("as a WebSocket", async () => {
    using observed = new Observed();
    await using fanfare = createFanfare({ schema: chatSchema(), log: silentLog });
    const server = createServer();
    fanfare.attach(server);
    const socket = new WebSocket("ws://localhost/graphql", "graphql-transport-ws", {
      createConnection: () => tunnel(server),
    });
    const messages: string[] = [];
    socket.on("message", (data: Buffer) => messages.push(data.toString()));
    await once(socket, "open");
    socket.send('{"type":"connection_init"}');
    await once(socket, "message");
    socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query: lobby } }));
    await live(observed);
    socket.pause();
    await publish(fanfare);
    socket.resume();
    await until(
      () => messages.length === 1 + texts.length,
      () => messages.join("\n"),
    );
    expect(messages.slice(1)).toEqual(texts.map((text) => expect.stringContaining(text)));
    socket.terminate();
  });

  it("as an event stream", async () => {
    using observed = new Observed();
    await using fanfare = createFanfare({ schema: chatSchema(), log: silentLog });
    const server = createServer(fanfare.nodeHandler);
    const stream = tunnel(server);
    const search = new URLSearchParams({ query: lobby }).toString();
    stream.write(`GET /graphql?${search} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n`);
    await live(observed);
    await publish(fanfare);
    let heard = "";
    stream.on("data", (chunk: Buffer) => (heard += String(chunk)));
    await until(
      () => heard.includes("last"),
      () => heard,
    );
    const read = [...heard.matchAll(/"text":"([^"]*)"/g)].map(([, text]) => text);
    expect(read).toEqual(texts);
    stream.destroy();
  });

  it("where a socket's own write was replaced", async () => {
    const session = Promise.withResolvers<RecordedSession>();
    const transport = websocketTransport({
      dialects: [graphqlTransportWs()],
      log: recordedLog(),
      accept(socket, dialect) {
        const recorded = new RecordedSession(socket, dialect);
        session.resolve(recorded);
        return recorded;
      },
    });
    const kept: unknown[] = [];
    const server = createServer().on("upgrade", (request, stream, head) => {
      const write = stream.write.bind(stream);
      stream.write = (chunk: Uint8Array) => {
        kept.push(chunk);
        return write(chunk);
      };
      transport.upgrade(request, stream, head);
    });
    const port = await listenAnywhere(server);
    const client = new WebSocket(`ws://127.0.0.1:${port}/`, "graphql-transport-ws");
    await once(client, "open");
    for (const text of texts) (await session.promise).send(text);
    for (const text of texts) expect(kept.map(String)).toContainEqual(expect.stringContaining(text));
    client.terminate();
    await transport[Symbol.asyncDispose]();
    await closeServer(server);
  });
});
