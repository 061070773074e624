import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { BareClient } from "./bare-client.ts";
import { clientFrame, opcodes, textFrame, type ClientFrame } from "./frame.ts";
import { Scene } from "./scene.ts";

const { continuation, text, binary, close, ping, pong } = opcodes;
const start = '{"type":"connection_init","payload":{"a":"';

/** Frames, and the code that the connection is closed with for them. */
const cases: Readonly<Record<string, readonly [code: number, ...frames: ClientFrame[]]>> = {
  "a frame without a mask": [1002, { opcode: text, payload: "{}", mask: undefined }],
  "the first reserved bit": [1002, { opcode: text, payload: "{}", reserved: 4 }],
  "the second reserved bit": [1002, { opcode: text, payload: "{}", reserved: 2 }],
  "the third reserved bit": [1002, { opcode: text, payload: "{}", reserved: 1 }],
  "a reserved bit of a ping": [1002, { opcode: ping, reserved: 4 }],
  "an opcode for messages that does not exist": [1002, { opcode: 3 }],
  "an opcode for control that does not exist": [1002, { opcode: 11 }],
  "a ping in fragments": [1002, { opcode: ping, fin: false }],
  "a ping of 126 bytes": [1002, { opcode: ping, payload: "x".repeat(126) }],
  "a continuation of nothing": [1002, { opcode: continuation, payload: "{}" }],
  "a message inside a message": [1002, { opcode: text, payload: start, fin: false }, { opcode: text, payload: "{}" }],
  "a close with half a code": [1002, { opcode: close, payload: Uint8Array.of(3) }],
  "a close with the code 1005": [1002, { opcode: close, payload: Uint8Array.of(0x03, 0xed) }],
  "a close with the code 999": [1002, { opcode: close, payload: Uint8Array.of(0x03, 0xe7) }],
  "a close whose reason is not UTF-8": [1007, { opcode: close, payload: Uint8Array.of(0x03, 0xe8, 0xc3, 0x28) }],
  "a character broken across fragments": [
    1007,
    { opcode: text, payload: Buffer.concat([Buffer.from(start), Buffer.of(0xc3)]), fin: false },
    { opcode: continuation, payload: Buffer.from('("}}') },
  ],
  "a character that the message's end cuts off": [1007, { opcode: text, payload: Uint8Array.of(0xe2, 0x82) }],
  "half of a surrogate pair": [1007, { opcode: text, payload: Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22) }],
  "a character in more bytes than it takes": [1007, { opcode: text, payload: Uint8Array.of(0x22, 0xc0, 0xaf, 0x22) }],
  "a binary message": [4400, { opcode: binary, payload: "{}" }],
  "an empty binary message": [4400, { opcode: binary }],
  "an empty message": [4400, { opcode: text }],
  "a frame that claims more than a message may have": [1009, { opcode: text, claimedLength: 262_145 }],
  "a frame that claims 2 GiB": [1009, { opcode: text, claimedLength: 2 ** 31 }],
  "a frame that claims the largest length there is": [1009, { opcode: text, claimedLength: 2 ** 62 }],
  "fragments that are too large together": [
    1009,
    { opcode: text, payload: "x".repeat(200_000), fin: false },
    { opcode: continuation, payload: "x".repeat(62_145) },
  ],
  "65 fragments": [
    1008,
    { opcode: text, fin: false },
    ...Array.from({ length: 64 }, (): ClientFrame => ({ opcode: continuation, payload: "x", fin: false })),
  ],
  "70 KB before the acknowledgement": [4400, { opcode: text, payload: JSON.stringify("x".repeat(70_000)) }],
};

describe("A server that is sent", () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.open();
  });

  afterEach(async () => {
    await scene.serves();
    await scene.cleared();
  });

  afterAll(() => scene[Symbol.asyncDispose]());

  it.each(Object.entries(cases))("%s closes the connection by its code", async (_name, [code, ...frames]) => {
    using client = await BareClient.open(scene.port);
    client.write(Buffer.concat(frames.map(clientFrame)));
    expect(await client.closed()).toBe(code);
    expect(client.messages).toEqual([]);
  });

  it("the same right after the handshake closes it too", async () => {
    const client = new BareClient(scene.port);
    client.write(clientFrame({ opcode: 3 }));
    expect(await client.closed()).toBe(1002);
    client[Symbol.dispose]();
  });

  it("a message in 64 fragments, with pings between them, takes it", async () => {
    using client = await BareClient.open(scene.port);
    const pieces = '{"type":"connection_init","payload":{"a":"привет, мир"}}'.padEnd(64).split("");
    const bytes = Buffer.from(pieces.join(""));
    for (let index = 0; index < 64; index++) {
      const end = index === 63 ? bytes.length : index + 1;
      const opcode = index === 0 ? text : continuation;
      client.write(clientFrame({ opcode, payload: bytes.subarray(index, end), fin: index === 63 }));
      client.write(clientFrame({ opcode: ping, payload: "p" }));
    }
    await client.until(() => client.messages.length === 1, "the acknowledgement");
    await client.until(() => client.pongs.length >= 1, "a pong");
    expect(client.messages).toEqual([{ type: "connection_ack" }]);
  });

  it("one byte at a time takes it", async () => {
    using client = await BareClient.open(scene.port);
    const bytes = textFrame('{"type":"connection_init"}');
    for (const byte of bytes) {
      client.write(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.until(() => client.messages.length === 1, "the acknowledgement");
    expect(client.closing).toBeUndefined();
  });

  it("a mask of zeros takes it", async () => {
    using client = await BareClient.open(scene.port);
    client.write(clientFrame({ opcode: text, payload: '{"type":"connection_init"}', mask: new Uint8Array(4) }));
    await client.until(() => client.messages.length === 1, "the acknowledgement");
    expect(client.closing).toBeUndefined();
  });

  it("frames after the close does not hear them", async () => {
    using client = await BareClient.ready(scene.port);
    client.write(clientFrame({ opcode: close, payload: Uint8Array.of(0x03, 0xe8) }));
    client.subscribe("1", "{ hi }");
    expect(await client.closed()).toBe(1000);
    expect(client.messages).toEqual([]);
  });

  it("half a frame and then a reset lets go of the session", async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => BareClient.ready(scene.port)));
    for (const client of clients) {
      client.subscribe("1", 'subscription { ticks(room: "lobby") { n } }');
      client.write(textFrame('{"type":"ping"}').subarray(0, 7));
    }
    await Promise.all(clients.map((client) => client.sent()));
    for (const client of clients) client.reset();
    await scene.cleared();
    expect(clients.every((client) => client.closing === undefined)).toBe(true);
  });

  it("half a frame and then nothing more lets go of the session when the client ends its side", async () => {
    using client = await BareClient.ready(scene.port);
    client.subscribe("1", 'subscription { ticks(room: "lobby") { n } }');
    client.write(textFrame('{"type":"ping"}').subarray(0, 7));
    await client.halfClose();
    await client.closed();
    await scene.cleared();
    expect(client.ended).toBe(true);
  });

  it("pongs that nobody asked for, a hundred of them, goes on", async () => {
    using client = await BareClient.ready(scene.port);
    const frame = clientFrame({ opcode: pong, payload: "x".repeat(125) });
    client.write(Buffer.concat(Array.from({ length: 100 }, () => frame)));
    await client.handled();
    expect(client.closing).toBeUndefined();
  });

  it.each([
    ["pings", ping],
    ["pongs", pong],
  ])("ten thousand %s closes with 4429, PROTOCOL 2.6", async (_name, opcode) => {
    using client = await BareClient.ready(scene.port);
    const frame = clientFrame({ opcode, payload: "x".repeat(125) });
    client.write(Buffer.concat(Array.from({ length: 10_000 }, () => frame)));
    expect(await client.closed()).toBe(4429);
  });

  it("pings faster than it can answer cuts the connection, and holds no answers for it", async () => {
    using client = await BareClient.ready(scene.port);
    client.pause();
    const before = await scene.server.ask("memory");
    const frame = clientFrame({ opcode: ping, payload: "x".repeat(125) });
    const flood = Buffer.concat(Array.from({ length: 1_000 }, () => frame));
    for (let sent = 0; sent < 300 && !client.socket.destroyed; sent++) client.write(flood);
    await scene.cleared();
    expect((await scene.server.ask("memory")) - before).toBeLessThan(1_048_576);
  });
});
