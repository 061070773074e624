import { createClient } from "graphql-ws";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { BareClient, type ServerMessage } from "./bare-client.ts";
import { Child } from "./child.ts";
import { Crowd, tickOf, toldBy } from "./crowd.ts";
import type { ServerAnswers } from "./server.ts";
import { until } from "./until.ts";

/** `FANFARE_FAULTS_CLIENTS=999` for the whole number; the tests of every day take fewer. */
const others = Number(process.env["FANFARE_FAULTS_CLIENTS"] ?? 99);
const textBytes = 4_096;
const events = 200;
/** Published to everybody before the next ones: much less than a client that reads may have waiting. */
const chunk = 20;
/** More than the kernel's buffers on both sides hold. */
const fillingBytes = 8_388_608;

/** The defaults of PROTOCOL 6.2 and 6.4. */
const queueBytes = 262_144;
/** What a process with nobody slow may grow by in between, measured at a few KiB. */
const noise = 262_144;
/** Each waiting result keeps its event, which is as large, and a few objects. */
const memoryBound = 2 * queueBytes + 262_144 + noise;

describe("A client that stops reading", { timeout: 120_000 + 200 * others }, () => {
  let server: Child<ServerAnswers>;
  let port: number;
  let crowd: Crowd;
  let published = 0;
  const slow: BareClient[] = [];

  beforeAll(
    async () => {
      // A client that reads nothing answers no ping either, and would be cut off before its queue is full.
      server = new Child("server.ts", JSON.stringify({ keepAlive: 3_600_000 }));
      port = await server.ask("port");
      crowd = await Crowd.of(others, port, "lobby");
      await subscriptions(others);
      // What a process allocates once is no part of what a client costs.
      await publish(events);
    },
    120_000 + 200 * others,
  );

  afterAll(async () => {
    crowd?.[Symbol.dispose]();
    await server?.[Symbol.asyncDispose]();
  });

  afterEach(async () => {
    for (const client of slow.splice(0)) client[Symbol.dispose]();
    await subscriptions(others);
  });

  async function subscriptions(count: number): Promise<void> {
    await until(
      async () => (await server.ask("observed")).operations === count,
      () => `${count} subscriptions`,
    );
  }

  /** Publishes to everybody, and returns when the others have everything. */
  async function publish(count: number): Promise<void> {
    for (let left = count; left > 0; left -= chunk) {
      const next = Math.min(chunk, left);
      await server.ask("publish", "lobby", next, textBytes);
      published += next;
      await crowd.reached(published);
    }
  }

  /** Whoever is closed for being slow has five seconds to notice: so no longer than it takes. */
  async function publishUntilOverflow(): Promise<void> {
    const { overflows } = await server.ask("observed");
    while ((await server.ask("observed")).overflows === overflows) await publish(chunk);
  }

  /** A subscriber that reads no more, with every buffer between the server and itself full. */
  async function stalled(field: string): Promise<BareClient> {
    const client = await BareClient.ready(port);
    slow.push(client);
    client.subscribe("ticks", `subscription { ${field}(room: "lobby") { n key text } }`);
    await subscriptions(others + 1);
    await stall(client);
    return client;
  }

  async function stall(client: BareClient): Promise<void> {
    const { ended } = await server.ask("observed");
    client.pause();
    client.subscribe("filling", `{ text(bytes: ${fillingBytes}) }`);
    await until(
      async () => (await server.ask("observed")).ended === ended + 1,
      () => "the large result",
    );
  }

  /** Reads again, and answers what had waited: everything up to the last event. */
  async function readOn(client: BareClient): Promise<readonly ServerMessage[]> {
    client.resume();
    const last = published;
    await client.until(() => client.of("ticks").some((message) => tickOf(message)?.n === last), `the event ${last}`);
    return client.of("ticks");
  }

  /** What the server holds more after these events than before them. */
  async function growthOver(work: () => Promise<void>): Promise<number> {
    const before = await server.ask("memory");
    await work();
    return (await server.ask("memory")) - before;
  }

  it("delays nobody and costs no more than its queue", async () => {
    await growthOver(() => publish(events));
    await stalled("dropOldest");
    expect(await growthOver(() => publish(3 * events))).toBeLessThan(memoryBound);
    expect(await growthOver(() => publish(3 * events))).toBeLessThan(noise);
  });

  it("gets with `drop-oldest` the newest events its queue holds, and before them is told the gap", async () => {
    const client = await stalled("dropOldest");
    await publish(events);
    const messages = await readOn(client);
    const held = messages.length;
    expect(numbersOf(messages)).toEqual(numbers(published - held + 1, published));
    expect(messages.map(toldBy)).toEqual([{ gap: { reason: "overflow" } }, ...Array(held - 1).fill(undefined)]);
    expectFull(messages);
    await publish(1);
    expect(toldBy((await readOn(client)).at(-1) ?? noMessage)).toBeUndefined();
  });

  it("gets with `drop-newest` the oldest events its queue holds, and is told the gap where it is", async () => {
    const client = await stalled("dropNewest");
    const before = published;
    await publish(events);
    client.resume();
    await client.until(() => client.of("filling").length === 2, "the end of the large result");
    await client.handled();
    await publish(2);
    const messages = await readOn(client);
    const held = messages.length - 2;
    expect(numbersOf(messages)).toEqual([...numbers(before + 1, before + held), published - 1, published]);
    const told = messages.map(toldBy);
    expect(told.slice(0, held).filter(Boolean)).toEqual([]);
    expect(told.slice(held)).toEqual([{ gap: { reason: "overflow" } }, undefined]);
    expectFull(messages.slice(0, held));
  });

  it("gets with `latest` and one message the current state alone, and how many values it stands for", async () => {
    const client = await stalled("state");
    await publish(events);
    const messages = await readOn(client);
    expect(numbersOf(messages)).toEqual([published]);
    expect(messages.map(toldBy)).toEqual([{ conflated: events - 1 }]);
  });

  it("gets with `latest` the newest value of each key, in order, and how many were left out", async () => {
    const client = await stalled("latest");
    await publish(events);
    const messages = await readOn(client);
    const arrived = numbersOf(messages);
    expect(arrived).toEqual(arrived.toSorted((a, b) => a - b));
    expect(arrived).toEqual(expect.arrayContaining(numbers(published - 6, published)));
    expect(messages.map(toldBy)).toEqual([
      { conflated: events - arrived.length },
      ...Array(arrived.length - 1).fill(undefined),
    ]);
  });

  it("is with `disconnect` closed with 4413, after what had left before", async () => {
    const client = await stalled("ticks");
    await publishUntilOverflow();
    client.resume();
    expect(await client.closed()).toBe(4413);
    expect(client.of("filling").map(({ type }) => type)).toEqual(["next"]);
    expect(client.of("ticks")).toEqual([]);
  });

  it("comes back by itself after 4413 if it is a stock client", async () => {
    const received: number[] = [];
    const closings: unknown[] = [];
    let socket: WebSocket | undefined;
    const client = createClient({
      url: `ws://127.0.0.1:${port}/graphql`,
      webSocketImpl: WebSocket,
      retryWait: async () => undefined,
      on: {
        opened: (opened) => (socket = opened instanceof WebSocket ? opened : undefined),
        closed: (event) => closings.push(event),
      },
    });
    client.subscribe(
      { query: 'subscription { ticks(room: "lobby") { n text } }' },
      {
        next: ({ data }) => received.push(tickOf({ type: "next", payload: { data } })?.n ?? NaN),
        error: (error) => closings.push(error),
        complete: () => closings.push("complete"),
      },
    );
    await subscriptions(others + 1);
    socket?.pause();
    client.subscribe({ query: `{ text(bytes: ${fillingBytes}) }` }, { next() {}, error() {}, complete() {} });
    await publishUntilOverflow();
    socket?.resume();
    await until(
      () => closings.length > 0,
      () => "a close",
    );
    expect(closings).toEqual([expect.objectContaining({ code: 4413 })]);
    await subscriptions(others + 1);
    await publish(1);
    await until(
      () => received.includes(published),
      () => "an event after the return",
    );
    await client.dispose();
  });
});

const noMessage: ServerMessage = { type: "none" };

function numbersOf(messages: readonly ServerMessage[]): number[] {
  return messages.map((message) => tickOf(message)?.n ?? NaN);
}

function numbers(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** The results are as many as the bound in bytes allows, and no more. */
function expectFull(messages: readonly ServerMessage[]): void {
  const sizes = messages.map((message) => Buffer.byteLength(JSON.stringify(message)));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  expect(total).toBeGreaterThan(queueBytes - 2 * textBytes);
  expect(total).toBeLessThan(queueBytes + 200);
}
