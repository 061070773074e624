import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { telemetry, type TelemetryEvents } from "../../../src/contract/telemetry.ts";
import { channel } from "node:diagnostics_channel";
import type { PostgresServer } from "../../servers/postgres.ts";
import { Capture, CapturedDatabase, eventually, openServer, table } from "./capture.ts";

let server: PostgresServer;
beforeAll(async () => {
  server = await openServer({ wal_sender_timeout: "1s" });
});
afterAll(() => server[Symbol.asyncDispose]());

const cars = "create table cars (id int primary key, make text)";

describe("postgresReplication: a slow reader", () => {
  it("puts back-pressure on the server, keeps its connection, and gets all changes in the end", async () => {
    await using database = await CapturedDatabase.open(server, cars, [table("cars")]);
    await using capture = new Capture(database, { lease: 600 });
    await capture.ready();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    capture.onBatch = () => released;
    await database.pool.query("insert into cars select n, repeat('x', 100) from generate_series(1, 100000) n");
    // Three times the server's wal_sender_timeout.
    await database.renewed(15);
    expect(await database.isRead()).toBe(true);
    release();
    await capture.until(({ length }) => length === 100_000);
    // The waiting messages are bounded in bytes; each row has at least a hundred.
    const waiting = capture.batches.map(({ lag }) => lag.rows);
    expect([Math.max(...waiting) > 1000, Math.max(...waiting) < 15_000]).toEqual([true, true]);
    expect(capture.batches[1]?.lag.milliseconds).toBeGreaterThan(2000);
  });

  it("is reported by the log and on the diagnostics channel", async () => {
    await using database = await CapturedDatabase.open(server, cars, [table("cars")]);
    const told: TelemetryEvents["source.slot"][] = [];
    const listen = (message: unknown): void => {
      if (isSlot(message) && message.slot === database.slot) told.push(message);
    };
    channel("fanfare:source.slot").subscribe(listen);
    expect(telemetry["source.slot"].hasSubscribers).toBe(true);
    await using capture = new Capture(database, { lease: 300 });
    await capture.ready();
    await eventually(async () => told.length > 1);
    channel("fanfare:source.slot").unsubscribe(listen);
    expect(told[0]).toEqual({
      source: "postgres-replication",
      slot: database.slot,
      status: "reserved",
      kept: expect.any(Number),
      left: expect.any(Number),
    });
    expect(told[0]?.left).toBeGreaterThan(500_000_000);
  });
});

describe("postgresReplication: tables that change while it reads", () => {
  it("are noticed when they are dropped and created again", async () => {
    await using database = await CapturedDatabase.open(server, cars, [table("cars")]);
    await using capture = new Capture(database, { lease: 1_500 });
    await capture.ready();
    await database.pool.query(`drop table cars; ${cars}; alter table cars replica identity full`);
    expect(await capture.failure()).toMatchObject({
      code: "SOURCE_NOT_READY",
      message: expect.stringContaining("the table public.cars is not in the publication fanfare"),
    });
    await database.install();
    await using again = new Capture(database);
    await again.ready();
    await database.pool.query("insert into cars values (1, 'Saab')");
    await again.until(({ length }) => length === 1);
  });
});

function isSlot(message: unknown): message is TelemetryEvents["source.slot"] {
  return typeof message === "object" && message !== null && "slot" in message;
}
