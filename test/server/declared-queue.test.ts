import { describe, expect, it } from "vitest";
import { createFanfare, silentLog, type Fanfare } from "fanfare";
import type { SubscriptionOptions } from "fanfare/declare";
import { turns, type TestClient } from "fanfare/testing";
import { chatSchema, message, messageType, room, tools, type Message } from "./chat.ts";
import { connected } from "./connected.ts";

type Queue = NonNullable<SubscriptionOptions<unknown, object, Message, Message>["queue"]>;

const { subscription } = tools;
const lobby = room({ room: "lobby" });

function serverWith(queue: Queue): Fanfare {
  const news = { type: messageType, ...subscription({ topics: () => [lobby], queue }) };
  return createFanfare({ schema: chatSchema({ news }), log: silentLog });
}

/** Reads nothing while `texts` are published, each in a turn of its own. */
async function oversleep(fanfare: Fanfare, client: TestClient, ...texts: readonly string[]): Promise<void> {
  client.pause();
  for (const text of texts) {
    await fanfare.publish(lobby, message(text, { room: text.slice(0, 1) }));
    await turns(2);
  }
  client.resume();
}

describe("The queue of a declared field", () => {
  it("holds what its client does not read, up to its bound", async () => {
    await using fanfare = serverWith({ messages: 2 });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { news { id } }");
    await oversleep(fanfare, client, "one", "two");
    expect(await client.receiveNext(id)).toEqual({ data: { news: { id: "one" } } });
    expect(await client.receiveNext(id)).toEqual({ data: { news: { id: "two" } } });
  });

  it("disconnects its client when it is full and no other policy is named", async () => {
    await using fanfare = serverWith({ messages: 2 });
    await using client = await connected(fanfare);
    await client.subscribe("subscription { news { id } }");
    await oversleep(fanfare, client, "one", "two", "three");
    expect(await client.waitDisconnect(4413)).toEqual({ code: 4413, reason: "Too slow" });
  });

  it("drops what waited longest and tells the gap with `drop-oldest`", async () => {
    await using fanfare = serverWith({ messages: 2, overflow: "drop-oldest" });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { news { id } }");
    await oversleep(fanfare, client, "one", "two", "three", "four");
    const extensions = { fanfare: { gap: { reason: "overflow" } } };
    expect(await client.receiveNext(id)).toEqual({ extensions, data: { news: { id: "three" } } });
    expect(await client.receiveNext(id)).toEqual({ data: { news: { id: "four" } } });
    await client.assertNoMessages();
  });

  it("drops what comes last and tells the gap with `drop-newest`", async () => {
    await using fanfare = serverWith({ messages: 2, overflow: "drop-newest" });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { news { id } }");
    await oversleep(fanfare, client, "one", "two", "three", "four");
    await fanfare.publish(lobby, message("five"));
    expect(await client.receiveNext(id)).toEqual({ data: { news: { id: "one" } } });
    expect(await client.receiveNext(id)).toEqual({ data: { news: { id: "two" } } });
    expect(await client.receiveNext(id)).toEqual({
      extensions: { fanfare: { gap: { reason: "overflow" } } },
      data: { news: { id: "five" } },
    });
    await client.assertNoMessages();
  });

  it("keeps the newest of each key with `latest`, and says how many were left out", async () => {
    await using fanfare = serverWith({ messages: 2, overflow: "latest", key: (event) => event.room });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { news { id } }");
    await oversleep(fanfare, client, "a1", "b1", "b2", "a2");
    const extensions = { fanfare: { conflated: 2 } };
    expect(await client.receiveNext(id)).toEqual({ extensions, data: { news: { id: "b2" } } });
    expect(await client.receiveNext(id)).toEqual({ data: { news: { id: "a2" } } });
    await client.assertNoMessages();
  });

  it("is the current state only with `latest` and one message", async () => {
    await using fanfare = serverWith({ messages: 1, overflow: "latest" });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { news { id } }");
    await oversleep(fanfare, client, "one", "two", "three");
    const extensions = { fanfare: { conflated: 2 } };
    expect(await client.receiveNext(id)).toEqual({ extensions, data: { news: { id: "three" } } });
    await client.assertNoMessages();
  });
});
