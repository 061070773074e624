import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { BareClient } from "./bare-client.ts";
import type { BurstAnswers, BurstField } from "./burst-server.ts";
import { Child } from "./child.ts";
import { tickOf } from "./crowd.ts";
import { until } from "./until.ts";

const events = 10_000;
const readers = 4;
const fields: readonly BurstField[] = ["walked", "shared", "private", "async"];

/** A client that reads, and checks that it gets every event in order. */
class Reader implements Disposable {
  heard = 0;
  wrong: string | undefined;
  #client: BareClient | undefined;

  async open(port: number, field: BurstField): Promise<BareClient> {
    const client = await BareClient.ready(port, {
      onMessage: (message) => {
        const n = tickOf(message)?.n;
        if (n === this.heard + 1) this.heard = n;
        else this.wrong ??= `After ${this.heard} came ${JSON.stringify(message)}`;
      },
    });
    this.#client = client;
    client.subscribe("1", `subscription { ${field} { n key } }`);
    return client;
  }

  pause(): void {
    this.#client?.socket.pause();
  }

  [Symbol.dispose](): void {
    this.#client?.[Symbol.dispose]();
  }
}

/** Resolves when all have heard everything up to an event, or when one of them heard something wrong. */
async function heardAll(all: readonly Reader[], last: number): Promise<void> {
  await until(
    () => all.every(({ heard, wrong }) => heard === last || wrong !== undefined),
    () => `${last} events; ${all.map(({ heard }) => heard).join()} were heard`,
  );
}

function wrongs(all: readonly Reader[]): readonly string[] {
  return all.flatMap(({ wrong }) => wrong ?? []);
}

describe("10,000 events at once", () => {
  let server: Child<BurstAnswers>;
  let port: number;

  beforeAll(async () => {
    server = new Child("burst-server.ts");
    port = await server.ask("port");
  });

  afterEach(() => running(0));

  afterAll(() => server?.[Symbol.asyncDispose]());

  /** Readers whose subscriptions are live. */
  async function open(stack: DisposableStack, field: BurstField, count: number): Promise<readonly Reader[]> {
    const before = await server.ask("running");
    const all = Array.from({ length: count }, () => stack.use(new Reader()));
    for (const reader of all) await reader.open(port, field);
    await running(before + count);
    return all;
  }

  function running(count: number): Promise<void> {
    return until(
      async () => (await server.ask("running")) === count,
      () => `${count} subscriptions`,
    );
  }

  it.each(fields)("reach every client that reads, in order, of an operation that is %s", async (field) => {
    using stack = new DisposableStack();
    const all = await open(stack, field, readers);
    await server.ask("burst", field, events);
    await heardAll(all, events);
    expect(wrongs(all)).toEqual([]);
  });

  it.each(fields)("and ten times as many, each awaited, of an operation that is %s", async (field) => {
    using stack = new DisposableStack();
    const [reader] = await open(stack, field, 1);
    await server.ask("stream", field, 10 * events);
    await heardAll(reader ? [reader] : [], 10 * events);
    expect(reader?.wrong).toBeUndefined();
  });

  it.each(fields)("let others be answered meanwhile: of an operation that is %s", async (field) => {
    using stack = new DisposableStack();
    const [reader] = await open(stack, field, 1);
    using stranger = await BareClient.ready(port);
    void server.ask("burst", field, events, 0, 1_000);
    await stranger.handled();
    expect(reader?.heard).toBeLessThan(events);
    await heardAll(reader ? [reader] : [], events);
  });

  it.each(fields)("end a client that reads nothing, and nobody else: of an operation that is %s", async (field) => {
    using stack = new DisposableStack();
    const all = await open(stack, field, readers);
    const [stalled] = await open(stack, field, 1);
    stalled?.pause();
    // In all more than the kernel's buffers hold.
    for (let burst = 0; burst < 4; burst += 1) {
      await server.ask("burst", field, events, burst * events, 1_000);
      await heardAll(all, (burst + 1) * events);
    }
    await running(readers);
    expect(wrongs(all)).toEqual([]);
  });
});
