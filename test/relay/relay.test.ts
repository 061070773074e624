import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FanfareError } from "../../src/base/error.ts";
import { memoryBroker } from "../../src/brokers/memory.ts";
import type { Broker, Event, Fence, NewEvent, Receipt } from "../../src/contract/broker.ts";
import { placeId } from "../../src/contract/place.ts";
import type { TelemetryName } from "../../src/contract/telemetry.ts";
import { topic } from "../../src/declare/topic.ts";
import { createRelay, type Relay, type RelayOptions } from "../../src/relay/relay.ts";
import { tableTopic } from "../../src/relay/change-payload.ts";
import type { RelayedModel } from "../../src/relay/relayed-model.ts";
import { fakeClock } from "../../src/testing/fake-clock.ts";
import { turns } from "../../src/testing/client.ts";
import { until } from "../faults/until.ts";
import { FedSource, created } from "../models/fed-source.ts";

const cars = tableTopic({ schema: "public", name: "cars" }).name;

let source: FedSource;
let clock: ReturnType<typeof fakeClock>;
let told: (readonly [level: "warn" | "error", message: string])[];
let relay: Relay;
let turning: NodeJS.Timeout;

beforeEach(() => {
  source = new FedSource();
  clock = fakeClock();
  turning = setInterval(() => clock.turn(), 1);
  told = [];
});

afterEach(async () => {
  clearInterval(turning);
  await relay[Symbol.asyncDispose]();
  if (clock.pending > 0) throw new Error("The relay has left a timer behind");
});

const log: NonNullable<RelayOptions["log"]> = {
  warn: (message) => void told.push(["warn", message]),
  error: (message) => void told.push(["error", message]),
};

/** All events of a topic. */
async function published(broker: Broker, name: string): Promise<readonly Event[]> {
  const last = await broker.last?.(name);
  if (!last) return [];
  const first = await broker.since?.(name, last.position, 1);
  const replay = first && (await broker.since?.(name, first.low, 1000));
  return replay && "events" in replay ? replay.events : [];
}

async function confirmed(...places: bigint[]): Promise<void> {
  await until(
    () => source.confirmed.length >= places.length,
    () => `${places.length} batches; confirmed ${source.confirmed.length}`,
  );
  expect(source.confirmed).toEqual(places);
}

/** Moves the clock forward until a condition holds. */
async function passing(milliseconds: number, condition: () => boolean): Promise<void> {
  await until(
    () => {
      if (clock.pending > 0) clock.advance(milliseconds);
      return condition();
    },
    () => "the time to pass",
  );
}

function start(broker: Broker, options: Partial<RelayOptions> = {}): void {
  relay = createRelay({ source, broker, clock, log, ...options });
}

/** A broker whose receipts a test can set; events without one are stored. */
class AnsweringBroker implements Broker {
  readonly supports = { history: true, acrossProcesses: true, durable: true };
  readonly calls: { readonly ids: readonly string[]; readonly fence: Fence | undefined }[] = [];
  readonly answers: (readonly Receipt[] | Error)[] = [];
  /** The topics whose newest event the relay has asked for. */
  readonly asked: string[] = [];
  newest: string | undefined;

  async open(): Promise<void> {}
  async subscribe(): Promise<never[]> {
    return [];
  }
  async unsubscribe(): Promise<void> {}

  async publish(events: readonly NewEvent[], fence?: Fence): Promise<readonly Receipt[]> {
    this.calls.push({ ids: events.map(({ id }) => id), fence });
    const answer = this.answers.shift() ?? events.map(() => stored);
    if (answer instanceof Error) throw answer;
    return answer;
  }

  async last(name: string): Promise<{ position: string; id: string } | undefined> {
    this.asked.push(name);
    return this.newest === undefined ? undefined : { position: "p", id: this.newest };
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

const stored: Receipt = { stored: "p" };
const notStored: Receipt = { notStored: new Error("full") };
const unknown: Receipt = { unknown: new Error("cut") };

function modelOf(name: string, isPublished: (id: string) => boolean, topics: readonly string[]): RelayedModel {
  return {
    table: { schema: "public", name },
    isPublished: ({ after }) => isPublished(after?.["id"] ?? ""),
    extraEvents: ({ after }) =>
      topics.map((one, index) => ({ topic: index === 0 ? topic<unknown>(one)() : one, payload: after })),
  };
}

describe("A relay publishes", () => {
  it("a change to its table's topic, with the place as the event's id and all that a model needs", async () => {
    const broker = memoryBroker();
    start(broker);
    const change = created(3);
    source.feed([change]);
    await confirmed(3n);
    const [event] = await published(broker, cars);
    const { action, before, after, moved, at, transaction } = change;
    const payload = { action, before, after, moved, at, transaction };
    expect(event).toMatchObject({ topic: cars, id: placeId(change.place), time: change.at, payload });
    expect(JSON.parse(JSON.stringify(event?.payload))).toEqual(payload);
  });

  it("a truncation to its table's topic", async () => {
    const broker = memoryBroker();
    start(broker);
    const { place, table, at, transaction } = created(3);
    source.feed([{ kind: "truncation", place, table, at, transaction }]);
    await confirmed(3n);
    expect(await published(broker, cars)).toMatchObject([
      { id: "e:1:3", time: at, payload: { action: "TRUNCATED", at, transaction } },
    ]);
  });

  it("an event of a transaction to the event's own topic, with its own id if it has one", async () => {
    const broker = memoryBroker();
    start(broker);
    const { place, at } = created(3);
    const event = { kind: "event", topic: "rooms", payload: { a: 1 }, at } as const;
    source.feed([{ ...event, place, id: "mine" }]);
    source.feed([{ ...event, place: created(4).place, id: undefined }]);
    await confirmed(3n, 4n);
    const [mine, other] = await published(broker, "rooms");
    expect(mine).toMatchObject({ id: "mine", payload: { a: 1 }, time: at });
    expect(other?.id).toBe("e:1:4");
  });

  it("the extra events of models, and no change that all its models suppress", async () => {
    const broker = memoryBroker();
    const models = [
      modelOf("cars", (id) => id !== "1" && id !== "2", ["a", "b"]),
      modelOf("cars", (id) => id !== "2", ["c"]),
      modelOf("parts", () => false, ["d"]),
    ];
    start(broker, { models });
    source.feed([created(1), created(2), created(3), created(4, { table: "parts" }), created(5, { table: "free" })]);
    await confirmed(1n);
    const ids = async (name: string) => (await published(broker, name)).map(({ id }) => id);
    expect(await ids(cars)).toEqual(["e:1:1", "e:1:3"]);
    expect(await ids("a")).toEqual(["e:1:3/1"]);
    expect(await ids("b")).toEqual(["e:1:3/2"]);
    expect(await ids("c")).toEqual(["e:1:1/1", "e:1:3/3"]);
    expect([await ids("d"), await ids(tableTopic({ schema: "public", name: "parts" }).name)]).toEqual([[], []]);
    expect(await ids(tableTopic({ schema: "public", name: "free" }).name)).toEqual(["e:1:5"]);
  });
});

describe("An event that the broker does not store", () => {
  it("is published again with the same id (idempotency key), and no later event overtakes it", async () => {
    const broker = new AnsweringBroker();
    broker.answers.push([stored, notStored, stored], [unknown, notStored], new Error("gone"));
    start(broker);
    source.feed([created(1), created(2), created(3)]);
    source.feed([created(4)]);
    await passing(100, () => source.confirmed.length === 2);
    expect(broker.calls.map(({ ids }) => ids.map((id) => id.slice(4)).join())).toEqual([
      "1,2,3",
      "2,3",
      "2,3",
      "2,3",
      "4",
    ]);
    expect(told).toHaveLength(3);
    expect(told[0]).toEqual(["warn", "The broker did not store a change; it is published again"]);
  });

  it("is retried with exponential back-off from 100 ms to 5 s", async () => {
    const broker = new AnsweringBroker();
    broker.answers.push(...Array.from({ length: 9 }, () => [notStored]));
    start(broker);
    source.feed([created(1)]);
    for (const [index, delay] of [100, 200, 400, 800, 1600, 3200, 5000, 5000].entries()) {
      await until(
        () => broker.calls.length === index + 1 && clock.pending === 1,
        () => `call ${index + 1}`,
      );
      clock.advance(delay - 1);
      await Promise.resolve();
      expect(broker.calls).toHaveLength(index + 1);
      clock.advance(1);
    }
  });

  it("is given up, unconfirmed, by a process that no longer leads", async () => {
    const broker = new AnsweringBroker();
    broker.answers.push([notStored]);
    start(broker);
    source.feed([created(1)]);
    await until(
      () => broker.calls.length === 1 && clock.pending === 1,
      () => "the first call",
    );
    source.leads = false;
    await passing(100, () => source.asked === 2);
    expect(broker.calls).toHaveLength(1);
    expect(source.confirmed).toEqual([]);
    expect(told.at(-1)).toEqual(["warn", "A database is not read for the moment"]);
  });

  it("does not delay the relay's disposal", async () => {
    const broker = new AnsweringBroker();
    broker.answers.push([notStored]);
    start(broker);
    source.feed([created(1)]);
    await until(
      () => clock.pending === 1,
      () => "the wait",
    );
    await relay[Symbol.asyncDispose]();
    expect(broker.calls).toHaveLength(1);
    expect(source.confirmed).toEqual([]);
  });
});

describe("A relay that takes over", () => {
  it("leaves out the events that an earlier leader has published, however long ago", async () => {
    const broker = new AnsweringBroker();
    broker.newest = "e:1:3";
    start(broker);
    source.feed([created(1), created(2), created(3), created(4)]);
    await confirmed(1n);
    // The newest change may be published in part, if it is several events; the broker recognises its id.
    expect(broker.calls.map(({ ids }) => ids)).toEqual([["e:1:3", "e:1:4"]]);
  });

  it.each(["f:1:9", "e:0:9", "mine", "e:1:9/x"])("publishes all events if the newest event is %s", async (newest) => {
    const broker = new AnsweringBroker();
    broker.newest = newest;
    start(broker);
    source.feed([created(1), created(2)]);
    await confirmed(1n);
    expect(broker.calls.map(({ ids }) => ids)).toEqual([["e:1:1", "e:1:2"]]);
  });

  it("asks the broker in each lead, and only for its first window", async () => {
    const broker = new AnsweringBroker();
    broker.newest = "e:1:1/4";
    start(broker);
    source.feed([created(1)]);
    source.feed([created(2)]);
    await confirmed(1n, 2n);
    source.feed([created(3, { major: 2 })]);
    await confirmed(1n, 2n, 3n);
    broker.newest = "e:2:6";
    source.feed([created(4, { major: 2 }), created(4, { major: 2, table: "parts" })]);
    await confirmed(1n, 2n, 3n, 4n);
    expect(broker.asked).toEqual([cars]);
    source.token = 2;
    source.feed([created(5, { major: 2 })]);
    source.feed([created(6, { major: 2 })]);
    await confirmed(1n, 2n, 3n, 4n, 5n, 6n);
    expect(broker.calls.map(({ ids }) => ids.join())).toEqual(["e:1:1", "e:1:2", "e:2:3", "e:2:4,e:2:4", "", "e:2:6"]);
  });

  it("asks the broker for batches with `mayRepeat`, and for no others", async () => {
    const broker = new AnsweringBroker();
    broker.newest = "e:3:1";
    start(broker);
    source.mayRepeat = false;
    source.feed([created(1)]);
    await confirmed(1n);
    expect(broker.asked).toEqual([]);
    source.mayRepeat = true;
    source.feed([created(2, { major: 2 })]);
    source.feed([created(3, { major: 3 })]);
    await confirmed(1n, 2n, 3n);
    expect(broker.calls.map(({ ids }) => ids.join())).toEqual(["e:1:1", "", "e:3:3"]);
  });

  it("is protected by its fencing token from a late write of an earlier leader", async () => {
    const broker = memoryBroker();
    start(broker);
    source.token = 2;
    source.feed([created(1)]);
    await confirmed(1n);
    const late = { topic: cars, id: "e:1:0", time: 0, payload: null };
    expect(await broker.publish([late], { scope: "fed", token: 1 })).toMatchObject([
      { notStored: { code: "LEAD_LOST" } },
    ]);
    expect(await published(broker, cars)).toHaveLength(1);
  });
});

describe("A backlog", () => {
  it("is published one batch per turn of the event loop, so that sockets and timers do not starve", async () => {
    clearInterval(turning);
    for (const minor of [1, 2, 3]) source.feed([created(minor)]);
    start(memoryBroker());
    for (const places of [[1n], [1n, 2n], [1n, 2n, 3n]]) {
      await confirmed(...places);
      await turns(3);
      expect(source.confirmed).toEqual(places);
      clock.turn();
    }
  });
});

describe("The promise `started` of a relay", () => {
  it("resolves when it leads, or waits behind another leader", async () => {
    start(memoryBroker());
    let started = false;
    void relay.started.then(() => (started = true));
    await Promise.resolve();
    expect(started).toBe(false);
    source.state("standby");
    await relay.started;
  });

  it.each([
    ["once if the broker does not reach across processes", memoryBroker, 1],
    ["never if it does", () => new AnsweringBroker(), 0],
  ])("resolves behind another leader, of which the relay warns %s", async (_how, broker, warnings) => {
    start(broker());
    source.state("standby");
    source.state("leading");
    source.feed([created(1)]);
    await confirmed(1n);
    source.fail(new FanfareError("LEAD_LOST", "paused"));
    source.state("standby");
    await passing(100, () => source.asked === 2);
    const silences = told.filter(([, message]) => message.startsWith("Another process publishes the changes"));
    expect(silences).toHaveLength(warnings);
  });

  it("rejects when the database is not ready, which is logged and retried every 5 seconds", async () => {
    start(memoryBroker());
    const error = new FanfareError("SOURCE_NOT_READY", "there is no outbox");
    source.fail(error);
    await expect(relay.started).rejects.toBe(error);
    expect(told).toEqual([["error", "A database cannot be read; it is tried again"]]);
    for (let times = 2; times <= 4; times += 1) {
      await until(
        () => clock.pending === 1,
        () => "the wait",
      );
      clock.advance(4999);
      expect(source.asked).toBe(times - 1);
      clock.advance(1);
      await until(
        () => source.asked === times,
        () => `attempt ${times}`,
      );
      source.fail(error);
    }
    source.feed([created(1)]);
    await passing(5000, () => source.confirmed.length === 1);
  });

  it("rejects when the relay is disposed before", async () => {
    start(memoryBroker());
    await relay[Symbol.asyncDispose]();
    await expect(relay.started).rejects.toMatchObject({ code: "CLOSED" });
  });
});

describe("A source that fails", () => {
  it.each([
    ["SOURCE_UNAVAILABLE", "warn"],
    ["LEAD_LOST", "warn"],
    ["SOURCE_LOST", "error"],
  ] as const)("with %s is told as %s and asked again soon", async (code, level) => {
    start(memoryBroker());
    source.fail(new FanfareError(code, "x"));
    await passing(100, () => source.asked === 2);
    expect(told.map(([what]) => what)).toEqual([level]);
    source.feed([created(1)]);
    await confirmed(1n);
  });

  it("is retried with exponential back-off from 100 ms to 5 s, which a success resets", async () => {
    start(memoryBroker());
    const failure = new FanfareError("SOURCE_UNAVAILABLE", "x");
    const expectWait = async (delay: number): Promise<void> => {
      const { asked } = source;
      source.fail(failure);
      await until(
        () => clock.pending === 1,
        () => "the wait",
      );
      clock.advance(delay - 1);
      expect(source.asked).toBe(asked);
      clock.advance(1);
      await until(
        () => source.asked === asked + 1,
        () => "the next attempt",
      );
    };
    for (const delay of [100, 200, 400, 800, 1600, 3200, 5000, 5000]) await expectWait(delay);
    source.feed([created(1)]);
    await confirmed(1n);
    await expectWait(100);
  });

  it("to confirm a batch is read again from that batch", async () => {
    const broker = memoryBroker();
    start(broker);
    source.feed([created(1)], async () => {
      throw new FanfareError("SOURCE_UNAVAILABLE", "x");
    });
    await passing(100, () => source.asked === 2);
    source.feed([created(1), created(2)]);
    await confirmed(1n);
    expect(await published(broker, cars)).toHaveLength(2);
  });
});

describe("The telemetry of a relay", () => {
  const names = ["relay.leading", "relay.published", "relay.failed"] as const satisfies readonly TelemetryName[];
  const messages: (readonly [name: string, message: unknown])[] = [];
  const listeners = names.map(
    (name) => [`fanfare:${name}`, (message: unknown) => void messages.push([name, message])] as const,
  );

  beforeEach(() => {
    messages.length = 0;
    for (const [name, listener] of listeners) subscribe(name, listener);
  });

  afterEach(() => {
    for (const [name, listener] of listeners) unsubscribe(name, listener);
  });

  it("reports that it leads, what it has published with which lag, and what failed", async () => {
    start(memoryBroker());
    source.state("standby");
    source.state("leading");
    source.feed([created(1), created(2)]);
    await confirmed(1n);
    source.fail(new FanfareError("SOURCE_UNAVAILABLE", "the cable"));
    await passing(100, () => source.asked === 2);
    expect(messages).toEqual([
      ["relay.leading", { source: "fed", leads: true }],
      ["relay.published", { source: "fed", changes: 2, rows: 2, milliseconds: 7 }],
      ["relay.failed", { source: "fed", why: "the cable" }],
      ["relay.leading", { source: "fed", leads: false }],
    ]);
  });
});
