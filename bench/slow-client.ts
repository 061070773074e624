import { setTimeout as sleep } from "node:timers/promises";
import type { Worker } from "./channel.ts";
import type { Client } from "./client.ts";
import { roomName } from "./message.ts";
import { inTurns, Pair, startClient, type Build, type Order, type ServerName } from "./pair.ts";
import { quantile } from "./quartiles.ts";
import type { Memory } from "./usage.ts";

/** What one client that stops reading did to the server and to the others. */
export interface SlowClient {
  /** 99 % of the others' deliveries took at most so many milliseconds, in each round. */
  readonly p99: readonly { readonly reading: number; readonly stalled: number }[];
  /** Bytes by which the server grew when the client stopped reading for the first time. */
  readonly rssGrowth: number;
  /** The same for JavaScript's heap and what it owns outside; in each round. */
  readonly heapGrowth: readonly number[];
}

export interface SlowCase {
  readonly title: string;
  readonly server: ServerName;
  readonly args: readonly string[];
}

export const policies: readonly string[] = ["disconnect", "latest", "drop-oldest", "drop-newest"];

export const slowCases: readonly SlowCase[] = [
  { title: "raw ws", server: "raw-ws", args: [] },
  { title: "graphql-ws", server: "graphql-ws", args: [] },
  ...policies.map((policy): SlowCase => ({
    title: `Fanfare, ${policy}`,
    server: "fanfare",
    args: ["--overflow", policy],
  })),
];

const others = 999;
const textBytes = 4_096;
/** Published to everybody in each phase, one every 20 ms. */
const events = 100;
const pause = 20;
/** Published to the slow client alone: 24 MiB, where the kernel's buffers hold about 4. */
const flood = { room: "flood", chunks: 120, events: 50 };

/** In each round the client reads in one phase and not in the other; they change places from round to round. */
export async function slowClient({ server: name, args }: SlowCase, rounds: number): Promise<SlowClient> {
  await using pair = await readyPair(name, args);
  const measured: { reading: Phase; stalled: Phase }[] = [];
  for (let round = 0; round < rounds; round++) {
    const first = await phase(pair, round % 2 === 1);
    const second = await phase(pair, round % 2 === 0);
    measured.push(round % 2 === 0 ? { reading: first, stalled: second } : { reading: second, stalled: first });
  }
  const growth = (of: keyof Memory): number[] =>
    measured.map(({ reading, stalled }) => stalled.memory[of] - reading.memory[of]);
  return {
    p99: measured.map(({ reading, stalled }) => ({ reading: reading.p99, stalled: stalled.p99 })),
    rssGrowth: growth("rss")[0] ?? NaN,
    heapGrowth: growth("heap"),
  };
}

/** What two builds did in one round, while the client read or was stalled. */
export interface SlowRound extends Readonly<Record<Build, Phase>> {
  readonly stalled: boolean;
}

/** Both builds have their phases in turns; in each round another one begins. */
export async function compareSlow(
  order: Order,
  args: readonly string[],
  rounds: number,
): Promise<readonly SlowRound[]> {
  await using stack = new AsyncDisposableStack();
  const pairs = new Map<Build, Pair>();
  for (const build of order) {
    const pair = stack.use(await readyPair(build === "after" ? "fanfare" : "fanfare-before", args));
    pairs.set(build, pair);
  }
  const measured: SlowRound[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const stalled of inTurns([false, true], round)) {
      const found: Record<Build, Phase> = { after: nothing, before: nothing };
      for (const [build, pair] of inTurns([...pairs], round)) found[build] = await phase(pair, stalled);
      measured.push({ stalled, ...found });
    }
  }
  return measured;
}

/** A server whose subscribers are connected, and whose code was compiled in a phase that does not count. */
async function readyPair(name: ServerName, args: readonly string[]): Promise<Pair> {
  await using stack = new AsyncDisposableStack();
  const pair = stack.use(new Pair(name, args));
  await pair.connect({ subscribers: others, rooms: 1, documents: "shared" });
  await pair.client.ask("time");
  await phase(pair, false);
  stack.move();
  return pair;
}

interface Phase {
  readonly p99: number;
  /** The median of the events' own p99. */
  readonly typical: number;
  readonly memory: Memory;
}

const nothing: Phase = { p99: NaN, typical: NaN, memory: { rss: NaN, heap: NaN } };

async function phase(pair: Pair, stalled: boolean): Promise<Phase> {
  await using slow = startClient();
  const audience = {
    subscribers: 1,
    rooms: 1,
    documents: "shared",
    extraRoom: flood.room,
  } as const;
  await slow.ask("connect", { port: await pair.server.ask("port"), ...audience });
  if (stalled) await slow.ask("stall");
  await fill(pair, slow, stalled);
  // The broker's history has kept the flood. The next two young collections would copy its 18 MiB, 30 to 60 ms of any
  // server that remembers, and bytes allocated long before would decide on which of the events below they fall.
  await pair.server.ask("collect");

  const latencies: number[][] = [];
  for (let event = 0; event < events; event++) {
    const start = await pair.publish({ events: 1, perTurn: 1, turns: 1, rooms: roomName(0), textBytes }, others);
    latencies.push((await pair.client.ask("arrivals")).map((arrival) => arrival - start));
    await sleep(pause);
  }
  const each = latencies.map((all) => quantile(all, 0.99));
  return {
    p99: quantile(latencies.flat(), 0.99),
    typical: quantile(each, 0.5),
    memory: await pair.server.ask("memory"),
  };
}

/** Fills every buffer on the way to a stalled client; one that reads gets the same, at its own speed. */
async function fill(pair: Pair, slow: Worker<Client>, stalled: boolean): Promise<void> {
  for (let chunk = 1; chunk <= flood.chunks; chunk++) {
    await pair.server.ask("publish", {
      events: flood.events,
      perTurn: 1,
      turns: 1,
      rooms: flood.room,
      textBytes,
    });
    if (!stalled) await slow.ask("arrived", chunk * flood.events);
  }
}
