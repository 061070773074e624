import type { Audience } from "./client.ts";
import { inTurns, Pair, type Measured, type ServerName } from "./pair.ts";

/** One line of the results. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly audience: Omit<Audience, "port">;
  /** Events published in one turn of the event loop. */
  readonly perTurn: number;
  /** What the CPU time may be, with what it is compared to as 1: a raw broadcast of the same deliveries. */
  readonly target?: number;
}

const everyone = (subscribers: number): Scenario["audience"] => ({
  subscribers,
  rooms: 1,
  documents: "shared",
});

export const scenarios: readonly Scenario[] = [
  { name: "100", title: "100 subscribers of one document", audience: everyone(100), perTurn: 1 },
  {
    name: "1k",
    title: "1,000 subscribers of one document",
    audience: everyone(1_000),
    perTurn: 1,
    target: 1,
  },
  {
    name: "10k",
    title: "10,000 subscribers of one document",
    audience: everyone(10_000),
    perTurn: 1,
    target: 1,
  },
  {
    name: "topics",
    title: "10,000 subscribers over 1,000 topics",
    audience: { subscribers: 10_000, rooms: 1_000, documents: "shared" },
    perTurn: 1,
    target: 1.2,
  },
  {
    name: "documents",
    title: "1,000 distinct documents",
    audience: { subscribers: 1_000, rooms: 1, documents: "distinct" },
    perTurn: 1,
    target: 2.5,
  },
  {
    name: "bursts",
    title: "1,000 subscribers, 20 events in one tick",
    audience: everyone(1_000),
    perTurn: 20,
    target: 0.4,
  },
];

/** Measured apart: Fanfare against itself, by another transport. */
export const eventStreams: Scenario = {
  name: "sse",
  title: "1,000 event streams of one document",
  audience: everyone(1_000),
  perTurn: 1,
  target: 1.2,
};

export interface FanOutOptions {
  readonly servers: readonly ServerName[];
  readonly rounds: number;
  readonly seconds: number;
}

/** What each server did in each round; undefined where it sat the round out. */
export type Rounds = ReadonlyMap<ServerName, readonly (Measured | undefined)[]>;

/** graphql-ws has no target and is far off, so it takes part only so often. */
export const graphqlWsEvery = 3;

/** How many rounds a server works before it is measured, so that its machine code is there and its heap has grown. */
export const warmUp = 4;

/** All servers are up and connected; within a round they take turns, and each round another one begins. */
export async function fanOut(scenario: Scenario, { servers, rounds, seconds }: FanOutOptions): Promise<Rounds> {
  await using stack = new AsyncDisposableStack();
  const { audience, perTurn } = scenario;
  const perEvent = audience.subscribers / audience.rooms;
  const events = Math.ceil(10_000 / perEvent / perTurn) * perTurn;
  const turns = 1 + Math.ceil(perEvent / 100);
  const chunk = { events, perTurn, turns, rooms: audience.rooms, textBytes: 40 };

  const pairs: Pair[] = [];
  for (const name of servers) {
    const pair = stack.use(new Pair(name));
    await pair.connect(audience);
    await pair.saturate(warmUp * seconds, chunk, events * perEvent);
    pairs.push(pair);
  }
  const measured = new Map<ServerName, (Measured | undefined)[]>(servers.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const pair of inTurns(pairs, round)) {
      const takesPart = pair.name !== "graphql-ws" || round % graphqlWsEvery === 0;
      // Others have had the processor's cache since its last turn, and the machine may have taken idle memory back.
      if (takesPart) await pair.publish(chunk, events * perEvent);
      const result = takesPart ? await pair.saturate(seconds, chunk, events * perEvent) : undefined;
      measured.get(pair.name)?.push(result);
    }
  }
  return measured;
}
