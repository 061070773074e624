import { describe, expect, it } from "vitest";
import { memoryBroker, type MemoryBrokerOptions } from "../../src/brokers/memory.ts";
import type { Broker, Position, Receipt, Replay, TopicName } from "../../src/contract/broker.ts";
import { fakeClock } from "../../src/testing/fake-clock.ts";
import { event, NotingSink } from "./sink.ts";

async function open(options: MemoryBrokerOptions = {}) {
  const broker = memoryBroker(options);
  const sink = new NotingSink();
  const owner = new AbortController();
  await broker.open(sink, owner.signal);
  return { broker, sink, owner };
}

async function publish(broker: Broker, ...events: ReturnType<typeof event>[]): Promise<readonly Position[]> {
  return (await broker.publish(events)).map(positionOf);
}

function positionOf(receipt: Receipt | undefined): Position {
  if (!receipt || !("stored" in receipt)) throw new Error("not stored");
  return receipt.stored;
}

/** The result of `since` in short: the events' ids, or the reason of the gap. */
async function since(broker: Broker, topic: TopicName, after: Position, limit = 1000) {
  const replay: Replay | undefined = await broker.since?.(topic, after, limit);
  if (!replay) throw new Error("no history");
  return "gone" in replay ? replay.gone : replay.events.map(({ id }) => id);
}

describe("The memory broker: publishing", () => {
  it("calls the sink within the call of publish", async () => {
    const { broker, sink } = await open();
    await broker.subscribe(["a"]);
    const published = broker.publish([event("a", "1")]);
    expect(sink.ids).toEqual(["1"]);
    await published;
  });

  it("calls the sink for subscribed topics only", async () => {
    const { broker, sink } = await open();
    await broker.subscribe(["a"]);
    await publish(broker, event("b", "1"), event("a", "2"));
    expect(sink.ids).toEqual(["2"]);
  });

  it("hands consecutive events of a topic to the sink as one batch", async () => {
    const { broker, sink } = await open();
    const [a, b] = await broker.subscribe(["a", "b"]);
    const events = [event("a", "1"), event("a", "2"), event("b", "3"), event("a", "4")];
    const [, second] = await publish(broker, ...events);
    const batches = sink.batches.map(({ topic, after, events: { length } }) => [topic, after, length]);
    expect(batches).toEqual([
      ["a", a, 2],
      ["b", b, 1],
      ["a", second, 1],
    ]);
  });

  it("leaves a repeated id out of the batch", async () => {
    const { broker, sink } = await open();
    await broker.subscribe(["a"]);
    const positions = await publish(broker, event("a", "1"), event("a", "1", "again"), event("a", "2"));
    expect(positions[1]).toBe(positions[0]);
    expect(sink.batches.map(({ events }) => events.map(({ payload }) => payload))).toEqual([["1", "2"]]);
    await publish(broker, event("a", "2"), event("a", "1"));
    expect(sink.batches.length).toBe(1);
  });

  it("stores an id again after its event was dropped", async () => {
    const { broker } = await open({ history: { events: 2 } });
    const [first] = await publish(broker, event("a", "1"));
    await publish(broker, event("a", "2"), event("a", "3"));
    const [again] = await publish(broker, event("a", "1"));
    expect(again).not.toBe(first);
  });

  it("is re-entrant: events that the sink publishes wait until the sink has returned", async () => {
    const { broker, sink } = await open();
    await broker.subscribe(["question", "answer"]);
    const order: string[] = [];
    sink.react = ([first]) => {
      order.push(`enter ${first?.id}`);
      if (first?.topic === "question") void broker.publish([event("answer", `re: ${first.id}`)]);
      order.push(`leave ${first?.id}`);
    };
    await publish(broker, event("question", "1"), event("question", "2"));
    await publish(broker, event("question", "3"));
    expect(order).toEqual(["1", "re: 1", "3", "re: 3"].flatMap((id) => [`enter ${id}`, `leave ${id}`]));
  });

  it("keeps the positions of a topic in order when the sink publishes between two runs of a call", async () => {
    const { broker, sink } = await open();
    const [start = ""] = await broker.subscribe(["a", "b"]);
    sink.react = ([first]) => {
      if (first?.id === "1") void broker.publish([event("b", "from the sink")]);
    };
    await publish(broker, event("a", "1"), event("b", "2"), event("a", "3"));
    expect(sink.ids).toEqual(["1", "from the sink", "2", "3"]);
    expect(await since(broker, "a", start)).toEqual(["1", "3"]);
  });

  it("drops waiting events of a topic that the sink unsubscribes", async () => {
    const { broker, sink } = await open();
    await broker.subscribe(["a", "b"]);
    sink.react = () => {
      void broker.publish([event("b", "2")]);
      void broker.unsubscribe(["b"]);
    };
    await publish(broker, event("a", "1"));
    expect(sink.ids).toEqual(["1"]);
  });

  it("refuses the rest of a call during which it is disposed, and sets no timer", async () => {
    const clock = fakeClock();
    const { broker, sink } = await open({ clock });
    await broker.subscribe(["a"]);
    sink.react = () => void broker[Symbol.asyncDispose]();
    const [first, second] = await broker.publish([event("a", "1"), event("b", "2")]);
    expect(first).toHaveProperty("stored");
    expect(second).toMatchObject({ notStored: { code: "CLOSED" } });
    expect(clock.pending).toBe(0);
  });
});

describe("The memory broker: keeping history", () => {
  it("keeps at most `history.events` events of a topic", async () => {
    const { broker } = await open({ history: { events: 3 } });
    const [start = ""] = await broker.subscribe(["a"]);
    const positions = await publish(broker, ...["1", "2", "3", "4", "5"].map((id) => event("a", id)));
    expect(await since(broker, "a", start)).toBe("expired");
    expect(await since(broker, "a", positions[0] ?? "")).toBe("expired");
    expect(await since(broker, "a", positions[1] ?? "")).toEqual(["3", "4", "5"]);
  });

  it("keeps 10,000 events of a topic by default", async () => {
    const { broker } = await open();
    const ids = Array.from({ length: 10_001 }, (_, index) => String(index));
    const positions = await publish(broker, ...ids.map((id) => event("a", id)));
    expect(await since(broker, "a", positions[0] ?? "", 20_000)).toEqual(ids.slice(1));
    await publish(broker, event("a", "one more"));
    expect(await since(broker, "a", positions[0] ?? "")).toBe("expired");
  });

  it("keeps events for `history.milliseconds`", async () => {
    const clock = fakeClock();
    const { broker } = await open({ history: { milliseconds: 1000 }, clock });
    const [first = ""] = await publish(broker, event("a", "1"));
    clock.advance(600);
    const [second = ""] = await publish(broker, event("a", "2"));
    await publish(broker, event("a", "3"));
    clock.advance(400);
    expect(await since(broker, "a", first)).toEqual(["2", "3"]);
    clock.advance(601);
    expect(await since(broker, "a", first)).toBe("expired");
    expect(await since(broker, "a", second)).toBe("expired");
  });

  it("replays nothing, without a gap, on a topic that was idle for longer than events are kept", async () => {
    const clock = fakeClock();
    const { broker } = await open({ history: { milliseconds: 1000 }, clock });
    const [start = ""] = await broker.subscribe(["never used"]);
    const [newest = ""] = await publish(broker, event("a", "1"));
    clock.advance(10_000);
    expect(await since(broker, "a", newest)).toEqual([]);
    expect(await since(broker, "never used", start)).toEqual([]);
    expect(await broker.last?.("a")).toEqual({ position: newest, id: "1" });
  });

  it("has a timer only while events can expire", async () => {
    const clock = fakeClock();
    const { broker } = await open({ history: { milliseconds: 1000 }, clock });
    await broker.subscribe(["a"]);
    expect(clock.pending).toBe(0);
    await publish(broker, event("a", "1"), event("b", "2"));
    expect(clock.pending).toBe(1);
    clock.advance(600);
    await publish(broker, event("b", "3"));
    clock.advance(900);
    expect(clock.pending).toBe(1);
    clock.advance(600);
    expect(clock.pending).toBe(0);
    await publish(broker, event("a", "4"));
    expect(clock.pending).toBe(1);
    await broker[Symbol.asyncDispose]();
    expect(clock.pending).toBe(0);
  });

  it("releases the payload of an expired event on an idle topic", async () => {
    const clock = fakeClock();
    const { broker } = await open({ history: { milliseconds: 1000 }, clock });
    const payload = new WeakRef({ big: "x" });
    await broker.publish([event("a", "1", payload.deref())]);
    clock.advance(1500);
    const { setFlagsFromString } = await import("node:v8");
    const { runInNewContext } = await import("node:vm");
    setFlagsFromString("--expose-gc");
    await Promise.resolve();
    await new Promise(setImmediate);
    runInNewContext("gc")();
    expect(payload.deref()).toBeUndefined();
  });

  it("drops events of the least recently published topic above `history.total`", async () => {
    const { broker } = await open({ history: { total: 4 } });
    const starts = await broker.subscribe(["a", "b", "c"]);
    const [a = "", b = "", c = ""] = starts;
    await publish(broker, event("a", "1"), event("b", "2"), event("a", "3"), event("c", "4"));
    await publish(broker, event("c", "5"));
    expect(await since(broker, "b", b)).toBe("expired");
    expect(await since(broker, "a", a)).toEqual(["1", "3"]);
    await publish(broker, event("c", "6"));
    expect(await since(broker, "a", a)).toBe("expired");
    expect(await since(broker, "c", c)).toEqual(["4", "5", "6"]);
    await publish(broker, ...["7", "8", "9"].map((id) => event("c", id)));
    expect(await since(broker, "c", c)).toBe("expired");
  });

  it("drops the least recently used idle topic above `topics`", async () => {
    const { broker } = await open({ topics: 2 });
    const [a = ""] = await publish(broker, event("a", "1"));
    await publish(broker, event("b", "2"));
    expect(await since(broker, "a", a)).toEqual([]);
    const [c = ""] = await publish(broker, event("c", "3"));
    expect(await broker.last?.("b")).toBeUndefined();
    expect(await since(broker, "a", a)).toEqual([]);
    expect(await since(broker, "c", c)).toEqual([]);
    await publish(broker, event("d", "4"));
    await publish(broker, event("a", "1"));
    expect(await since(broker, "a", a)).toBe("expired");
  });

  it("drops the least recently used idle topics whose names are longer together than `topicCharacters`", async () => {
    const { broker } = await open({ topicCharacters: 10 });
    const long = "x".repeat(8);
    const [a = ""] = await publish(broker, event("a", "1"));
    const [b = ""] = await publish(broker, event("b", "2"));
    const [first = ""] = await publish(broker, event(long, "3"));
    expect(await since(broker, "a", a)).toEqual([]);
    await publish(broker, event("c", "4"));
    expect(await broker.last?.("b")).toBeUndefined();
    expect(await since(broker, "a", a)).toEqual([]);
    await publish(broker, event("yy", "5"));
    expect(await broker.last?.(long)).toBeUndefined();
    expect(await since(broker, long, first)).toBe("expired");
    expect(await since(broker, "b", b)).toBe("expired");
  });

  it("keeps the idle topic that was used last, however long its name is", async () => {
    const { broker } = await open({ topicCharacters: 10 });
    const [position = ""] = await publish(broker, event("x".repeat(1_000), "1"));
    expect(await since(broker, "x".repeat(1_000), position)).toEqual([]);
  });

  it("never drops a topic with listeners", async () => {
    const { broker } = await open({ topics: 1 });
    const live = ["a", "b", "c"];
    const positions = await broker.subscribe(live);
    await publish(broker, event("x", "1"), event("y", "2"), event("z", "3"));
    for (const [index, topic] of live.entries()) {
      expect(await since(broker, topic, positions[index] ?? "")).toEqual([]);
    }
    await broker.unsubscribe(live);
    expect(await since(broker, "a", positions[0] ?? "")).toBe("expired");
  });

  it("tells positions from before a restart (`broker_lost`) from those of a dropped topic (`expired`)", async () => {
    const { broker } = await open({ topics: 1 });
    const other = await open();
    const [here = ""] = await publish(broker, event("a", "1"));
    const [there = ""] = await publish(other.broker, event("a", "1"));
    expect(await since(broker, "a", there)).toBe("broker_lost");
    await publish(broker, event("b", "2"), event("a", "1"));
    expect(await since(broker, "a", here)).toBe("expired");
  });

  it("reports a fork for a position with another nonce, or beyond the newest event", async () => {
    const { broker } = await open();
    const [first = "", second = ""] = await publish(broker, event("a", "1"), event("a", "2"));
    const [epoch = "", , nonce = ""] = second.split(".");
    expect(await since(broker, "a", `${epoch}.1.${nonce}`)).toBe("fork");
    expect(await since(broker, "a", `${epoch}.3.${nonce}`)).toBe("fork");
    expect(await since(broker, "a", `${epoch}.0.${nonce}`)).toBe("fork");
    expect(await since(broker, "a", first)).toEqual(["2"]);
  });
});

describe("The memory broker: opened and closed", () => {
  it("does not call the sink after its signal has aborted", async () => {
    const { broker, sink, owner } = await open();
    await broker.subscribe(["a"]);
    owner.abort();
    await publish(broker, event("a", "1"));
    expect(sink.ids).toEqual([]);
  });

  it("can be opened once", async () => {
    const { broker, owner } = await open();
    const again = broker.open(new NotingSink(), owner.signal);
    await expect(again).rejects.toMatchObject({ code: "BAD_OPTION" });
  });

  it("cannot be opened with an aborted signal, nor after its end", async () => {
    const gone = memoryBroker().open(new NotingSink(), AbortSignal.abort());
    await expect(gone).rejects.toMatchObject({ code: "CLOSED" });
    const broker = memoryBroker();
    await broker[Symbol.asyncDispose]();
    const late = broker.open(new NotingSink(), new AbortController().signal);
    await expect(late).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("throws CLOSED after its end, except from unsubscribe", async () => {
    const { broker } = await open();
    await broker[Symbol.asyncDispose]();
    await expect(broker.subscribe(["a"])).rejects.toMatchObject({ code: "CLOSED" });
    await expect(broker.since?.("a", "", 1)).rejects.toMatchObject({ code: "CLOSED" });
    await expect(broker.last?.("a")).rejects.toMatchObject({ code: "CLOSED" });
    await expect(broker.unsubscribe(["a"])).resolves.toBeUndefined();
  });

  it.for<[MemoryBrokerOptions, string]>([
    [{ history: { events: 0 } }, "history.events must be a whole number from 1 to 16777216, not 0"],
    [{ history: { events: 1.5 } }, "history.events must be a whole number from 1 to 16777216, not 1.5"],
    [{ history: { events: Infinity } }, "history.events must be a whole number from 1 to 16777216, not Infinity"],
    [{ history: { total: 0 } }, "history.total must be a whole number from 1 on, or Infinity, not 0"],
    [{ history: { milliseconds: 0 } }, "history.milliseconds must be more than 0, or Infinity, not 0"],
    [{ history: { milliseconds: NaN } }, "history.milliseconds must be more than 0, or Infinity, not NaN"],
    [{ topics: -1 }, "topics must be a whole number from 1 on, or Infinity, not -1"],
    [{ topicCharacters: 0 }, "topicCharacters must be a whole number from 1 on, or Infinity, not 0"],
  ])("does not accept the options %o", ([options, message]) => {
    expect(() => memoryBroker(options)).toThrow(
      expect.objectContaining({ code: "BAD_OPTION", message: `memoryBroker: ${message}` }),
    );
  });

  it("accepts Infinity for the bounds that document it", async () => {
    const clock = fakeClock();
    const { broker } = await open({
      history: { total: Infinity, milliseconds: Infinity },
      topics: Infinity,
      topicCharacters: Infinity,
      clock,
    });
    const [first = ""] = await publish(broker, event("a", "1"), event("a", "2"));
    clock.advance(1e12);
    expect(await since(broker, "a", first)).toEqual(["2"]);
    expect(clock.pending).toBe(0);
  });
});
