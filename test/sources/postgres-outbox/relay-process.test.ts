import type { Client } from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { installOutbox } from "../../../src/sources/postgres-outbox.ts";
import { Child } from "../../faults/child.ts";
import { until } from "../../faults/until.ts";
import { historyQuery, historyTables, randomOf, versionOf, versionsById, write } from "../history.ts";
import { PostgresPlace, type PostgresDatabase } from "./databases.ts";
import type { Recorded, RecordingBrokerAnswers } from "./recording-broker.ts";
import type { RelayProcessAnswers } from "./relay-process.ts";

/** By default a fifth of the full workload; `FANFARE_RUNS=5` runs the whole. */
const kills = 10 * Number(process.env["FANFARE_RUNS"] ?? "1");
const random = randomOf(Number(process.env["FANFARE_SEED"] ?? "1"));

const program = (name: string): string => new URL(name, import.meta.url).href;

let place: PostgresPlace;
let database: PostgresDatabase;
let broker: Child<RecordingBrokerAnswers>;
let port: number;
const relays: Child<RelayProcessAnswers>[] = [];

beforeEach(async () => {
  place = await PostgresPlace.start({ deadlock_timeout: "50ms" });
  database = await place.open();
  await database.run(historyTables);
  await installOutbox(database.client, { tables: ["counted"] });
  broker = new Child(program("recording-broker.ts"));
  port = await broker.ask("listen");
});

afterEach(async () => {
  for (const relay of relays.splice(0)) await relay[Symbol.asyncDispose]();
  await broker[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

function startRelay(lease: number, batch = 20): Child<RelayProcessAnswers> {
  const url = place.server.url({ database: database.name });
  const relay = new Child<RelayProcessAnswers>(program("relay-process.ts"), url, String(port), `${lease}`, `${batch}`);
  relays.push(relay);
  return relay;
}

async function leader(): Promise<Child<RelayProcessAnswers>> {
  let found: Child<RelayProcessAnswers> | undefined;
  await until(
    async () => {
      for (const relay of relays) if (relay.running && (await relay.ask("leads"))) found = relay;
      return found !== undefined;
    },
    () => `a leader; ${relays.map(({ output }) => output).join("")}`,
  );
  if (!found) throw new Error("No relay leads");
  return found;
}

async function stored(): Promise<number> {
  return (await broker.ask("counts")).stored;
}

/** Waits until the broker has stored `count` events. The timeout counts from the last new event. */
async function untilStored(count: number): Promise<void> {
  for (let before = await stored(); before < count; before = await stored()) {
    await until(
      async () => (await stored()) > before,
      () => `${count} events, not only ${before}; ${relays.map(({ output }) => output).join("")}`,
    );
  }
}

/** Holds the broker back; resolves when a publish waits. */
async function holdPublish(): Promise<void> {
  await broker.ask("hold");
  await until(
    async () => (await broker.ask("counts")).waiting > 0,
    () => "a publish",
  );
}

async function connect(): Promise<Client> {
  let client: Client | undefined;
  await until(
    async () => {
      client = await database.server.client({ database: database.name }).catch(() => undefined);
      return client !== undefined;
    },
    () => "a connection",
  );
  if (!client) throw new Error("No connection");
  return client;
}

/** Starts writers that continue until they are stopped, also after the database was unavailable. */
function startWriters(writers = 8): { stop(): Promise<void> } {
  const end = new AbortController();
  const workload = { writers, transactions: Infinity, stop: end.signal, seed: 5 };
  const written = write(
    connect,
    workload,
    (error) => !(error instanceof Error && "code" in error && error.code === "40P01"),
  );
  return {
    async stop() {
      end.abort();
      await written;
    },
  };
}

/** Asserts that the broker has stored exactly the committed changes: none missing, none twice, each row in order. */
async function assertHistory(): Promise<readonly Recorded[]> {
  const history = (await database.rows(historyQuery)).map(({ id, version }) => ({
    id: id ?? "",
    version: Number(version),
  }));
  await untilStored(history.length);
  const recorded = await broker.ask("recorded", 0);
  const payloads = recorded.map(({ payload }) => payload).filter(isChange);
  expect(versionsById(payloads.map(versionOf))).toEqual(versionsById(history));
  expect(new Set(recorded.map(({ id }) => id)).size).toBe(history.length);
  return recorded;
}

function isChange(payload: unknown): payload is Parameters<typeof versionOf>[0] {
  return typeof payload === "object" && payload !== null && "action" in payload;
}

describe("A relay whose process", () => {
  it(
    `is killed ${kills} times at random publishes each change once, in the order of the commits`,
    async () => {
      const writers = startWriters();
      for (let killed = 0; killed < kills; killed += 1) {
        const relay = startRelay(300);
        await untilStored((await stored()) + 1 + Math.floor(random() * 60));
        relay.process.kill("SIGKILL");
        await relay.exited;
      }
      await writers.stop();
      startRelay(300);
      await assertHistory();
      expect((await broker.ask("counts")).refused).toBe(0);
    },
    20_000 + kills * 5000,
  );

  it("is killed is followed by another within 5 seconds", async () => {
    const writers = startWriters(2);
    const first = startRelay(1_500);
    expect(await leader()).toBe(first);
    const second = startRelay(1_500);
    await second.ask("started");
    await untilStored((await stored()) + 5);
    first.process.kill("SIGKILL");
    await first.exited;
    const [killed, before] = [Date.now(), await stored()];
    await untilStored(before + 1);
    expect(Date.now() - killed).toBeLessThan(5000);
    await writers.stop();
    await assertHistory();
  });

  it("ends regularly is followed by another at once", async () => {
    const first = startRelay(10_000);
    expect(await leader()).toBe(first);
    const second = startRelay(10_000);
    await second.ask("started");
    expect(await second.ask("leads")).toBe(false);
    await first.ask("stop");
    const stopped = Date.now();
    expect(await leader()).toBe(second);
    expect(Date.now() - stopped).toBeLessThan(5000);
  });

  it("is paused beyond its lease is followed by another; its late writes are fenced off, and nothing is repeated", async () => {
    const writers = startWriters(2);
    const first = startRelay(1_500);
    expect(await leader()).toBe(first);
    const second = startRelay(1_500);
    await second.ask("started");
    await untilStored((await stored()) + 5);

    // A publish is under way when the process is paused, and arrives after the next leader has published.
    await holdPublish();
    first.process.kill("SIGSTOP");
    await broker.ask("pass");
    const [paused, before] = [Date.now(), await stored()];
    await untilStored(before + 1);
    expect(Date.now() - paused).toBeLessThan(5000);
    await broker.ask("release", "store");
    first.process.kill("SIGCONT");
    await until(
      async () => (await broker.ask("counts")).refused > 0 && !(await first.ask("leads")),
      () => "the refusal",
    );
    await untilStored((await stored()) + 5);
    await writers.stop();
    const recorded = await assertHistory();
    const tokens = recorded.map(({ token }) => token);
    expect(tokens).toEqual(tokens.toSorted((a, b) => a - b));
    expect(new Set(tokens).size).toBe(2);
  });

  it("outlives a restart and a crash of PostgreSQL", async () => {
    const writers = startWriters();
    startRelay(3000);
    await untilStored(20);
    await place.server.restart("fast");
    await untilStored((await stored()) + 20);
    await place.server.restart("immediate");
    await untilStored((await stored()) + 20);
    await writers.stop();
    expect(await assertHistory()).not.toEqual([]);
  });
});
