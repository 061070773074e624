import { connect, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { BareClient, handshakeText } from "./bare-client.ts";
import { exchange, Scene } from "./scene.ts";
import { until } from "./until.ts";

const subscription = 'subscription { ticks(room: "lobby") { n } }';

describe("A server with connections", () => {
  let scene: Scene;
  const sockets: Socket[] = [];

  beforeAll(async () => {
    scene = await Scene.open({ keepAlive: 600 });
  });

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await scene.serves();
    await scene.cleared();
  });

  afterAll(() => scene[Symbol.asyncDispose]());

  function opened(client: BareClient): BareClient {
    sockets.push(client.socket);
    return client;
  }

  function bareSocket(text: string): Socket {
    const socket = connect({ port: scene.port, host: "127.0.0.1" });
    sockets.push(socket);
    socket.on("error", () => socket.destroy());
    socket.resume().write(text);
    return socket;
  }

  it("that never send an init closes them in time, and lets their address have no more than 200", async () => {
    const clients = Array.from({ length: 2_000 }, () => opened(new BareClient(scene.port)));
    await until(
      () => clients.filter(({ response }) => response !== "").length === clients.length,
      () => "the answer to every handshake",
    );
    await scene.serves();
    await Promise.all(clients.map((client) => client.closed()));
    const endings = new Map<string, number>();
    for (const { closing, response } of clients) {
      const ending = String(closing?.code ?? response.split(" ")[1]);
      endings.set(ending, (endings.get(ending) ?? 0) + 1);
    }
    const [late = 0, overloaded = 0, refused = 0] = ["4408", "1013", "429"].map((ending) => endings.get(ending));
    expect(late).toBe(200);
    expect(late + overloaded + refused).toBe(clients.length);
    using again = await BareClient.ready(scene.port);
    expect(again.closing).toBeUndefined();
  });

  it("that say their headers slowly cuts them after a while", async () => {
    const half = handshakeText(scene.port).slice(0, 60);
    const slow = Array.from({ length: 50 }, (_, index) => bareSocket(half.slice(0, index)));
    await scene.serves();
    await until(
      () => slow.every((socket) => socket.closed),
      () => `the end of all; ${slow.filter((socket) => !socket.closed).length} are open`,
    );
    expect(slow.length).toBe(50);
  });

  it("that end their side in the middle of everything lets go of them", async () => {
    const clients = await Promise.all(Array.from({ length: 50 }, () => BareClient.ready(scene.port)));
    for (const client of clients) opened(client).subscribe("1", subscription);
    await Promise.all(clients.map((client) => client.halfClose()));
    await scene.server.ask("publish", "lobby", 10, 1);
    await scene.cleared();
    expect(clients.length).toBe(50);
  });

  it("that end their side and read nothing more lets go of them too", async () => {
    const client = opened(await BareClient.ready(scene.port));
    client.subscribe("1", subscription);
    client.pause();
    client.subscribe("2", "{ text(bytes: 8388608) }");
    await client.halfClose();
    await scene.serves();
    await scene.cleared();
    expect(client.closing).toBeUndefined();
  });

  it("that answer no ping cuts them", async () => {
    const clients = await Promise.all(Array.from({ length: 50 }, () => BareClient.ready(scene.port)));
    for (const client of clients) {
      opened(client).subscribe("1", subscription);
      client.pause();
    }
    await scene.cleared();
    for (const client of clients) client.resume();
    await Promise.all(clients.map((client) => client.until(() => client.ended, "the cut")));
    expect(clients.filter((client) => client.closing !== undefined)).toEqual([]);
  });

  it("that are reset while events are on their way loses nobody else's", async () => {
    for (let round = 0; round < 5; round++) {
      const clients = await Promise.all(Array.from({ length: 40 }, () => BareClient.ready(scene.port)));
      for (const client of clients) client.subscribe("1", subscription);
      const publishing = scene.server.ask("publish", "lobby", 50, 4_096);
      for (const client of clients) {
        await new Promise((resolve) => setImmediate(resolve));
        client.reset();
      }
      await publishing;
      await scene.serves();
    }
    await scene.cleared();
    expect((await scene.server.ask("observed")).uncaught).toEqual([]);
  });

  it("that are reset at every point of the handshake lets go of them", async () => {
    const bytes = handshakeText(scene.port);
    for (let end = 0; end <= bytes.length; end += 3) {
      const socket = bareSocket(bytes.slice(0, end));
      await until(
        () => socket.writableLength === 0 && !socket.connecting,
        () => "the bytes to leave",
      );
      socket.resetAndDestroy();
    }
    await scene.cleared();
    expect((await scene.server.ask("observed")).errors).toEqual([]);
  });

  it.each([
    ["another version", { "Sec-WebSocket-Version": "7" }, 400],
    ["no version", { "Sec-WebSocket-Version": "" }, 400],
    ["a key of another length", { "Sec-WebSocket-Key": "abc" }, 400],
    ["a protocol list that is none", { "Sec-WebSocket-Protocol": "graphql-transport-ws,,@" }, 400],
    ["another site's page", { Origin: "https://evil.example" }, 403],
    ["a cookie and no origin", { Cookie: "session=1" }, 403],
    ["something else to upgrade to", { Upgrade: "h2c" }, 400],
  ])("that ask for a WebSocket with %s refuses them", async (_name, headers, status) => {
    const answer = await exchange(scene.port, handshakeText(scene.port, headers));
    expect(answer.split(" ")[1]).toBe(String(status));
  });

  it.each([
    ["nothing that they speak", { "Sec-WebSocket-Protocol": "graphql-sse, soap" }],
    ["a protocol that every object has", { "Sec-WebSocket-Protocol": "constructor, __proto__" }],
  ])("that offer %s closes them with 4406", async (_name, headers) => {
    using client = await BareClient.open(scene.port, { headers });
    expect(await client.closed()).toBe(4406);
  });

  it.each([
    ["a TLS greeting", Buffer.from("160301020001000", "hex"), "400"],
    ["a request line of 100 KB", `GET /graphql?${"x".repeat(100_000)} HTTP/1.1\r\n\r\n`, "431"],
    ["headers of 100 KB", `GET /graphql HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(100_000)}\r\n\r\n`, "431"],
    ["a null byte in a header", "GET /graphql HTTP/1.1\r\nHost: a\u0000b\r\n\r\n", "400"],
    ["no host", "GET /graphql HTTP/1.1\r\n\r\n", "400"],
  ])("that say %s refuses them", async (_name, bytes, status) => {
    expect((await exchange(scene.port, bytes)).split(" ")[1]).toBe(status);
  });

  it("that send a message in the same packet as the handshake hears it", async () => {
    using client = new BareClient(scene.port);
    client.send({ type: "connection_init" });
    await client.until(() => client.messages.length === 1, "the acknowledgement");
    expect(client.messages).toEqual([{ type: "connection_ack" }]);
  });
});
