import { Writable } from "node:stream";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeFrames } from "../../../src/transports/websocket/frame.ts";
import { connected, type WebSocketClient } from "../websocket-client.ts";
import { websocketServer, type WebSocketTestServer } from "../websocket-server.ts";
import { eventually } from "../../eventually.ts";

const head = Buffer.from('{"id":"1","type":"next","payload":');
const tail = Buffer.from("}");
const around = head.length + tail.length;

let server: WebSocketTestServer;
let client: WebSocketClient;
beforeAll(async () => {
  server = await websocketServer();
  client = await connected(server.url);
});
afterAll(async () => {
  client[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

/** Writes messages with these lengths of shared bytes in one call; answers what was sent. */
function write(lengths: readonly number[]): string[] {
  client.messages.length = 0;
  const parts = lengths.flatMap((length, index) => {
    const letter = String.fromCharCode(97 + (index % 26));
    return [head, Buffer.from(letter.repeat(length)), tail];
  });
  server.session.socket.write(parts, lengths.length);
  const sent = lengths.map((_length, index) => Buffer.concat(parts.slice(3 * index, 3 * index + 3)).toString());
  // The caller may use its array again as soon as the call has returned.
  parts.fill(Buffer.from("overwritten"));
  return sent;
}

async function arrived(count: number): Promise<string[]> {
  await eventually(() => expect(client.messages.length).toBe(count));
  return client.messages;
}

describe("frames", () => {
  const boundaries = [36, 125, 126, 127, 3_071, 3_072, 3_073, 65_535, 65_536, 65_537, 300_000];

  it.each(boundaries)("hold a message of %i bytes", async (bytes) => {
    const sent = write([bytes - around]);
    expect(await arrived(sent.length)).toEqual(sent);
  });

  it.each(boundaries)("hold 20 messages of %i bytes in one write", async (bytes) => {
    const sent = write(Array.from({ length: 20 }, () => bytes - around));
    expect(await arrived(sent.length)).toEqual(sent);
  });

  it.each([[[10, 5_000, 20, 30, 70_000, 80_000, 0, 40]], [[5_000, 10, 5_000]]])(
    "keep the order of copied and referenced messages: %j",
    async (lengths) => {
      const sent = write(lengths);
      expect(await arrived(sent.length)).toEqual(sent);
    },
  );

  it.each([
    ["small", [20, 20, 20]],
    ["large", [5_000, 90_000]],
    ["mixed", [20, 5_000, 20, 20, 5_000, 20]],
  ])("of %s messages reach the connection as one write", (_name, lengths) => {
    let writes = 0;
    const stream = new Writable({
      write: (_chunk, _encoding, done) => done(void (writes += 1)),
      writev: (_chunks, done) => done(void (writes += 1)),
    });
    const parts = lengths.flatMap((length) => [head, Buffer.alloc(length, "x"), tail]);
    writeFrames(stream, parts, lengths.length);
    expect(writes).toBe(1);
  });

  it.each([[[20, 3_000]], [[3_072, 3_000, 3_072]]])(
    "have copies of pieces under 3 KiB, though the kernel takes them late: %j",
    (lengths) => {
      const written: Buffer[] = [];
      const stream = new Writable({
        write: (chunk: Buffer) => void written.push(chunk),
        // As they are: what is not a copy changes below.
        writev: (chunks) => void written.push(...chunks.map(({ chunk }: { chunk: Buffer }) => chunk)),
      });
      const parts = lengths.flatMap((length) => [Buffer.from(head), Buffer.alloc(length, "x"), Buffer.from(tail)]);
      writeFrames(stream, parts, lengths.length);
      for (const part of parts) if (part.length < 3_072) part.fill("?");
      expect(Buffer.concat(written).includes("?")).toBe(false);
    },
  );

  it("hold whatever mixture of lengths", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.nat(200), fc.nat(5_000), fc.nat(70_000)), {
          minLength: 1,
          maxLength: 20,
        }),
        async (lengths) => {
          const sent = write(lengths);
          expect(await arrived(sent.length)).toEqual(sent);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("carry text of several bytes per character", async () => {
    client.messages.length = 0;
    const text = "ключ 🏊 ".repeat(20);
    server.session.send(text, text);
    expect(await arrived(2)).toEqual([text, text]);
  });
});
