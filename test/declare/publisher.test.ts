import { describe, expect, it } from "vitest";
import { FanfareError } from "../../src/base/error.ts";
import { memoryBroker } from "../../src/brokers/memory.ts";
import type { Broker, NewEvent, Receipt } from "../../src/contract/broker.ts";
import { telemetry } from "../../src/contract/telemetry.ts";
import { createPublisher } from "../../src/declare/publisher.ts";
import { topic } from "../../src/declare/topic.ts";
import { fakeClock } from "../../src/testing/fake-clock.ts";

const room = topic("room", { name: String }).of<{ text: string }>();

/** A broker with the given receipts. */
function answering(answer: (events: readonly NewEvent[]) => Promise<readonly Receipt[]>): Broker {
  return Object.assign(memoryBroker(), { publish: answer });
}

async function stored(broker: Broker, ...topics: string[]) {
  const published: unknown[] = [];
  for (const name of topics) {
    const gone = await broker.since?.(name, "", 1);
    const replay = await broker.since?.(name, gone?.low ?? "", 100);
    if (!replay || "gone" in replay) throw new Error("no history");
    published.push(
      replay.events.map(({ topic: on, id, time, payload, end }) => ({
        topic: on,
        id,
        time,
        payload,
        end,
      })),
    );
  }
  return published;
}

async function failure(promise: Promise<unknown>): Promise<FanfareError> {
  const error: unknown = await promise.catch((reason: unknown) => reason);
  if (!(error instanceof FanfareError)) throw new TypeError("It did not fail with a FanfareError");
  return error;
}

describe("A publisher", () => {
  it("publishes to a broker that was not opened, with a random id and the time of the clock", async () => {
    const broker = memoryBroker();
    const publisher = createPublisher({ broker, clock: fakeClock(1234) });
    await publisher.publish(room({ name: "lobby" }), { text: "hello" });
    await publisher.publish(room({ name: "lobby" }), { text: "again" });
    const [events] = await stored(broker, "room:lobby");
    const id = expect.stringMatching(/^[0-9a-f-]{36}$/);
    const end = false;
    expect(events).toEqual([
      { topic: "room:lobby", id, time: 1234, payload: { text: "hello" }, end },
      { topic: "room:lobby", id, time: 1234, payload: { text: "again" }, end },
    ]);
    expect(new Set(Object.values(events ?? []).map((event) => event.id)).size).toBe(2);
  });

  it("publishes an event to several topics, given as names or as topics", async () => {
    const broker = memoryBroker();
    const publisher = createPublisher({ broker });
    await publisher.publish(["a", room({ name: "b" })], { text: "x" }, { id: "1", time: 5 });
    const event = { id: "1", time: 5, payload: { text: "x" }, end: false };
    expect(await stored(broker, "a", "room:b")).toEqual([[{ ...event, topic: "a" }], [{ ...event, topic: "room:b" }]]);
  });

  it("publishes nothing without topics", async () => {
    const publisher = createPublisher({
      broker: answering(() => Promise.reject(new Error("It was asked"))),
    });
    await expect(publisher.publish([], 1)).resolves.toBeUndefined();
  });

  it("ends a topic", async () => {
    const broker = memoryBroker();
    await createPublisher({ broker, clock: fakeClock(9) }).end("a", { id: "over" });
    const end = { topic: "a", id: "over", time: 9, payload: null, end: true };
    expect(await stored(broker, "a")).toEqual([[end]]);
  });

  it("throws EVENT_NOT_STORED with the broker's error and the event's id", async () => {
    const reason = new Error("full");
    const publisher = createPublisher({ broker: answering(async () => [{ notStored: reason }]) });
    const error = await failure(publisher.publish("a", 1, { id: "event 1" }));
    expect([error.code, error.cause]).toEqual(["EVENT_NOT_STORED", reason]);
    expect(error.message).toContain('"event 1"');
    expect(error.message).toContain('"a"');
  });

  it("throws EVENT_UNKNOWN for a receipt `unknown`", async () => {
    const reason = new Error("timeout");
    const publisher = createPublisher({ broker: answering(async () => [{ unknown: reason }]) });
    const error = await failure(publisher.publish("a", 1));
    expect([error.code, error.cause]).toEqual(["EVENT_UNKNOWN", reason]);
  });

  it("throws EVENT_UNKNOWN when the broker rejects", async () => {
    const publisher = createPublisher({
      broker: answering(() => Promise.reject(new Error("oops"))),
    });
    const error = await failure(publisher.publish(["a", "b"], 1));
    expect(error.code).toBe("EVENT_UNKNOWN");
    expect(error.cause).toBeInstanceOf(AggregateError);
  });

  it("throws EVENT_UNKNOWN, not EVENT_NOT_STORED, when one of the topics has the event", async () => {
    const receipts: Receipt[] = [{ stored: "1" }, { notStored: new Error("full") }];
    const publisher = createPublisher({ broker: answering(async () => receipts) });
    expect((await failure(publisher.publish(["a", "b"], 1))).code).toBe("EVENT_UNKNOWN");
  });

  it("closes its broker, and refuses to publish afterwards", async () => {
    const broker = memoryBroker();
    const publisher = createPublisher({ broker });
    await publisher[Symbol.asyncDispose]();
    await publisher[Symbol.asyncDispose]();
    const error = await failure(publisher.publish("a", 1));
    expect(error.code).toBe("EVENT_NOT_STORED");
    expect(error.cause).toMatchObject({ code: "CLOSED" });
  });

  it("reports stored events on the diagnostics channel, and no others", async () => {
    const told: unknown[] = [];
    const listen = (message: unknown) => void told.push(message);
    const { subscribe, unsubscribe } = await import("node:diagnostics_channel");
    subscribe("fanfare:event.published", listen);
    try {
      expect(telemetry["event.published"].hasSubscribers).toBe(true);
      await createPublisher({ broker: memoryBroker(), clock: fakeClock() }).publish(["a", "b"], 1, {
        id: "1",
      });
      const refusing = answering(async () => [{ notStored: new Error("full") }]);
      await failure(createPublisher({ broker: refusing }).publish("c", 1));
    } finally {
      unsubscribe("fanfare:event.published", listen);
    }
    expect(told).toEqual([{ topics: ["a", "b"], event: "1", milliseconds: 0 }]);
  });
});
