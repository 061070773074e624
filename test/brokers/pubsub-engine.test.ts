import { PubSub } from "graphql-subscriptions";
import { describe, expect, it } from "vitest";
import { pubSubEngineBroker, type PubSubEngineLike } from "../../src/brokers/pubsub-engine.ts";
import { fakeClock } from "../../src/testing/fake-clock.ts";
import { event, NotingSink } from "./sink.ts";

async function open(engine: PubSubEngineLike = new PubSub()) {
  const broker = pubSubEngineBroker(engine, { clock: fakeClock(5000) });
  const sink = new NotingSink();
  await broker.open(sink, new AbortController().signal);
  return { broker, sink };
}

/** An engine that calls its handlers later and with a copy, as over a network. */
class RemoteEngine implements PubSubEngineLike {
  readonly handlers = new Map<number, readonly [string, (payload: unknown) => void]>();
  readonly published: string[] = [];
  #ids = 0;

  async publish(trigger: string, payload: unknown): Promise<void> {
    const text = JSON.stringify(payload);
    this.published.push(trigger);
    await Promise.resolve();
    for (const [name, handler] of this.handlers.values()) if (name === trigger) handler(JSON.parse(text));
  }

  async subscribe(trigger: string, handler: (payload: unknown) => void): Promise<number> {
    if (trigger === "refused") throw new Error("no such channel");
    this.#ids += 1;
    this.handlers.set(this.#ids, [trigger, handler]);
    return this.#ids;
  }

  unsubscribe(id: unknown): void {
    if (typeof id === "number") this.handlers.delete(id);
  }
}

describe("The PubSubEngine broker: among other users of the engine", () => {
  it("makes events of other code's payloads, with a new id and the time of arrival", async () => {
    const engine = new PubSub();
    const { broker, sink } = await open(engine);
    await broker.subscribe(["a"]);
    const payload = { hello: 1 };
    await engine.publish("a", payload);
    const [batch] = sink.batches;
    expect(batch?.events).toEqual([
      {
        topic: "a",
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        time: 5000,
        payload,
        end: false,
        position: expect.any(String),
      },
    ]);
    expect(batch?.events[0]?.payload).toBe(payload);
  });

  it("gives other code plain payloads", async () => {
    const engine = new PubSub();
    const { broker } = await open(engine);
    const read: unknown[] = [];
    await engine.subscribe("a", (payload) => read.push(payload));
    const payload = { hello: 1 };
    await broker.publish([event("a", "1", payload)]);
    expect(read).toEqual([payload]);
    expect(read[0]).toBe(payload);
  });

  it("sends nothing on the topic's own trigger for an end", async () => {
    const engine = new PubSub();
    const { broker, sink } = await open(engine);
    const read: unknown[] = [];
    await engine.subscribe("a", (payload) => read.push(payload));
    await broker.subscribe(["a"]);
    await broker.publish([{ ...event("a", "over"), end: true }]);
    expect(read).toEqual([]);
    expect(sink.batches[0]?.events[0]).toMatchObject({ id: "over", time: 1, end: true });
  });

  it("never mistakes a payload for an end", async () => {
    const engine = new PubSub();
    const { broker, sink } = await open(engine);
    await broker.subscribe(["a", "fanfare:end"]);
    const forged = { topic: "a", id: "x", time: 1, end: true };
    await engine.publish("a", forged);
    await broker.publish([event("a", "1", forged), event("fanfare:end", "2", forged)]);
    const heard = sink.batches.map(({ topic, events }) => [topic, events[0]?.end, events[0]?.payload]);
    expect(heard).toEqual([
      ["a", false, forged],
      ["a", false, forged],
      ["fanfare:end", false, forged],
    ]);
  });

  it.for([null, 1, "end", {}, { topic: "a", id: 1, time: 1 }, { topic: "a", id: "1", time: "now" }])(
    "ignores %o on the trigger of ends",
    async (message) => {
      const engine = new PubSub();
      const { broker, sink } = await open(engine);
      await broker.subscribe(["a"]);
      await engine.publish("fanfare:end", message);
      expect(sink.batches).toEqual([]);
    },
  );

  it("keeps other code's payloads apart from its own during a publish", async () => {
    const engine = new PubSub();
    const { broker, sink } = await open(engine);
    await broker.subscribe(["a", "b"]);
    sink.react = ([first]) => {
      if (first?.id === "1") void engine.publish("a", "tick");
    };
    await broker.publish([event("a", "1", "tick"), event("b", "2", "tick")]);
    expect(sink.ids).toEqual(["1", expect.stringMatching(/^[0-9a-f-]{36}$/), "2"]);
  });

  it("publishes topics with names that are reserved by EventEmitter", async () => {
    const { broker, sink } = await open();
    const topics = ["error", "fanfare:error", "newListener", "removeListener"];
    const receipts = await broker.publish(topics.map((topic) => event(topic, topic)));
    expect(receipts.filter((receipt) => !("stored" in receipt))).toEqual([]);
    await broker.subscribe(topics);
    await broker.publish(topics.map((topic) => event(topic, topic)));
    expect(sink.batches.map(({ topic }) => topic)).toEqual(topics);
  });
});

describe("The PubSubEngine broker: on an asynchronous engine", () => {
  it("gives events a new id, and keeps their order", async () => {
    const engine = new RemoteEngine();
    const { broker, sink } = await open(engine);
    const [start] = await broker.subscribe(["a"]);
    const receipts = await broker.publish([event("a", "1"), event("a", "2"), event("a", "3")]);
    expect(receipts.every((receipt) => "stored" in receipt)).toBe(true);
    expect(sink.batches.map(({ events }) => events[0]?.payload)).toEqual(["1", "2", "3"]);
    expect(sink.batches[0]?.after).toBe(start);
    expect(sink.batches[2]?.after).toBe(sink.batches[1]?.events[0]?.position);
    expect(sink.ids).not.toContain("1");
  });

  it("gives the receipt `unknown` when the engine fails", async () => {
    const engine = new RemoteEngine();
    engine.publish = async () => Promise.reject(new Error("gone"));
    const { broker } = await open(engine);
    expect(await broker.publish([event("a", "1")])).toEqual([{ unknown: new Error("gone") }]);
    engine.publish = () => {
      throw new Error("at once");
    };
    expect(await broker.publish([event("a", "1")])).toEqual([{ unknown: new Error("at once") }]);
  });

  it("subscribes to none of the topics of a call that fails", async () => {
    const engine = new RemoteEngine();
    const { broker } = await open(engine);
    const before = engine.handlers.size;
    await expect(broker.subscribe(["a", "refused", "b"])).rejects.toThrow("no such channel");
    expect(engine.handlers.size).toBe(before);
  });

  it("removes its handlers from the engine, and does not close the engine", async () => {
    const engine = new RemoteEngine();
    const { broker } = await open(engine);
    await broker.subscribe(["a", "b"]);
    await broker.unsubscribe(["a"]);
    expect([...engine.handlers.values()].map(([trigger]) => trigger)).toEqual(["fanfare:end", "b"]);
    await broker[Symbol.asyncDispose]();
    expect(engine.handlers.size).toBe(0);
    await engine.publish("b", 1);
  });

  it("leaves no handler on the engine when it is disposed while it subscribes", async () => {
    const engine = new RemoteEngine();
    const { broker } = await open(engine);
    const subscribing = broker.subscribe(["a"]);
    const ended = broker[Symbol.asyncDispose]();
    await expect(subscribing).rejects.toMatchObject({ code: "CLOSED" });
    await ended;
    expect(engine.handlers.size).toBe(0);
  });

  it("requires an engine with publish, subscribe and unsubscribe", () => {
    const engine = Object.assign(new RemoteEngine(), { unsubscribe: undefined });
    expect(() => pubSubEngineBroker(engine)).toThrow(
      expect.objectContaining({
        code: "BAD_OPTION",
        message: expect.stringContaining("unsubscribe"),
      }),
    );
  });
});
