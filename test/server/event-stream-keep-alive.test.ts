import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { describe, expect, it, vi } from "vitest";
import { fakeClock, turns, type FakeClock } from "fanfare/testing";
import { chatSchema, messageType, room, tools } from "./chat.ts";
import { streamingChat, type StreamingChat } from "./streaming-chat.ts";
import { patience } from "../eventually.ts";

const keepAlive = 12_000;

/** A slow client gets the newest message only, so that nothing but the keep-alive ends its stream. */
const schema = chatSchema({
  newest: {
    type: messageType,
    ...tools.subscription({ topics: () => [room({ room: "lobby" })], queue: { overflow: "latest" } }),
  },
});

interface Stream {
  readonly response: IncomingMessage;
  readonly text: string;
}

/** Waits, while the server's time stands still but for what it has put off to the end of a turn. */
function until(clock: FakeClock, condition: () => boolean): Promise<unknown> {
  return vi.waitUntil(
    () => {
      clock.turn();
      return condition();
    },
    { timeout: patience, interval: 5 },
  );
}

async function subscribe(chat: StreamingChat, clock: FakeClock): Promise<Stream> {
  const headers = { accept: "text/event-stream", "content-type": "application/json" };
  const request = httpRequest(chat.url, { method: "POST", headers });
  request.end(JSON.stringify({ query: "subscription { newest { text } }" }));
  const answered = once(request, "response");
  let response: IncomingMessage | undefined;
  void answered.then(([first]: IncomingMessage[]) => (response = first));
  await until(clock, () => response !== undefined);
  if (!response) throw new Error("There was no response");
  let text = "";
  response.on("error", () => undefined);
  response.setEncoding("utf8").on("data", (piece: string) => (text += piece));
  await until(clock, () => text === ":\n\n");
  // The subscription is live when its topic is.
  for (let turn = 0; turn < 10; turn += 1) {
    clock.turn();
    await turns(1);
  }
  return {
    response,
    get text() {
      return text;
    },
  };
}

/** Publishes more than the kernels of both ends keep for a client that does not read. */
async function flood(chat: StreamingChat, clock: FakeClock): Promise<void> {
  for (let count = 0; count < 300; count += 1) {
    await chat.post("x".repeat(65_536));
    clock.turn();
    await turns(1);
  }
}

describe("An event stream (PROTOCOL 11.10)", () => {
  it("carries a comment in every interval, and lives as long as its client reads", async () => {
    const clock = fakeClock();
    await using chat = await streamingChat({ schema, clock, keepAlive });
    const stream = await subscribe(chat, clock);
    for (let count = 2; count <= 6; count += 1) {
      clock.advance(keepAlive);
      await until(clock, () => stream.text === ":\n\n".repeat(count));
    }
    expect(chat.closings).toEqual([]);
    stream.response.destroy();
  });

  it("is cut off when its client has not read for two intervals", async () => {
    const clock = fakeClock();
    await using chat = await streamingChat({ schema, clock, keepAlive });
    const stream = await subscribe(chat, clock);
    stream.response.pause();
    await flood(chat, clock);
    clock.advance(keepAlive);
    await turns(10);
    expect(chat.closings).toEqual([]);
    clock.advance(keepAlive);
    expect(chat.closings).toEqual([{ code: 1006, reason: "" }]);
    stream.response.destroy();
  });

  it("carries comments again when its client has caught up", async () => {
    const clock = fakeClock();
    await using chat = await streamingChat({ schema, clock, keepAlive });
    const stream = await subscribe(chat, clock);
    stream.response.pause();
    await flood(chat, clock);
    clock.advance(keepAlive);
    stream.response.resume();
    await chat.post("last");
    await until(clock, () => stream.text.endsWith('"text":"last"}}}\n\n'));
    for (let count = 1; count <= 3; count += 1) {
      clock.advance(keepAlive);
      await until(clock, () => stream.text.endsWith(`"last"}}}\n\n${":\n\n".repeat(count)}`));
    }
    expect(chat.closings).toEqual([]);
    stream.response.destroy();
  });
});
