import type { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CapturedChange } from "../../../src/contract/captured.ts";
import { isAfter } from "../../../src/contract/place.ts";
import type { PostgresServer } from "../../servers/postgres.ts";
import {
  historyQuery,
  historyTables,
  versionOf,
  versionsById,
  write,
  type Version,
  type Workload,
} from "../history.ts";
import { Capture, CapturedDatabase, eventually, openServer, table } from "./capture.ts";

/** By default a tenth of the full workload; `FANFARE_RUNS=10` runs the whole. */
const times = Number(process.env["FANFARE_RUNS"] ?? "1");
const workload: Workload = { writers: 20, transactions: 100 * times, seed: Number(process.env["FANFARE_SEED"] ?? "1") };
const timeout = 120_000 * times;

let server: PostgresServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server[Symbol.asyncDispose]());

function openCounted(at: PostgresServer = server): Promise<CapturedDatabase> {
  return CapturedDatabase.open(at, historyTables, [table("counted")]);
}

function connecting({ server: at, name }: CapturedDatabase): () => Promise<Client> {
  return () => at.client({ database: name });
}

async function historyOf({ pool }: CapturedDatabase): Promise<readonly Version[]> {
  return (await pool.query<Version>(historyQuery)).rows;
}

describe("Changes of 20 writers on overlapping rows, a third of them rolled back, some long,", () => {
  it(
    "are captured exactly as committed: per row in the order of the commits, none twice, none missing",
    async () => {
      await using database = await openCounted();
      await using capture = new Capture(database, { batch: 50 });
      await capture.ready();
      const { committed, rolledBack } = await write(connecting(database), workload);
      const history = await historyOf(database);
      await capture.until(({ length }) => length >= history.length);
      expect(committed).toBeGreaterThan(workload.writers * workload.transactions * 0.4);
      expect(rolledBack).toBeGreaterThan(workload.writers * workload.transactions * 0.25);
      expect(versionsById(capture.changes.map(versionOf))).toEqual(versionsById(history));
      const places = capture.captured.map(({ place }) => place);
      expect(places.every((place, index) => index === 0 || isAfter(place, places[index - 1] ?? place))).toBe(true);
    },
    timeout,
  );

  it(
    "are captured transaction by transaction, each change with its transaction",
    async () => {
      await using database = await openCounted();
      await using capture = new Capture(database);
      await capture.ready();
      await write(connecting(database), { ...workload, transactions: 20, seed: workload.seed + 1 });
      const query = "select transaction::text as id, count(*)::int as count from history group by transaction";
      const { rows } = await database.pool.query<{ id: string; count: number }>(query);
      const total = rows.reduce((sum, { count }) => sum + count, 0);
      await capture.until(({ length }) => length >= total);
      const order = capture.changes.map(({ transaction }) => transaction);
      const runs = order.filter((id, index) => id !== order[index - 1]);
      expect(new Set(runs).size).toBe(runs.length);
      const counts = rows.map(({ id, count }) => [id, count, order.filter((other) => other === id).length]);
      expect(counts.filter(([, count, captured]) => count !== captured)).toEqual([]);
    },
    timeout,
  );

  it(
    "are never captured before a new transaction can read them",
    async () => {
      await using database = await openCounted();
      const reader = await server.client({ database: database.name });
      await using capture = new Capture(database, { batch: 20 });
      const early: CapturedChange[] = [];
      const query = "select coalesce(max(version), 0) as newest from history where id = $1";
      capture.onBatch = async ({ changes }) => {
        for (const change of changes) {
          if (change.kind !== "change") continue;
          const { id, version } = versionOf(change);
          const { rows } = await reader.query<{ newest: number }>(query, [id]);
          if ((rows[0]?.newest ?? 0) < version) early.push(change);
        }
      };
      await capture.ready();
      await write(connecting(database), { ...workload, seed: workload.seed + 2 });
      const history = await historyOf(database);
      await capture.until(({ length }) => length >= history.length);
      await reader.end();
      expect(early).toEqual([]);
    },
    timeout,
  );
});

describe("A commit that is not visible yet", () => {
  it("is not captured while it waits for an unavailable synchronous standby; the lease is kept meanwhile", async () => {
    await using own = await openServer();
    await using database = await openCounted(own);
    await using capture = new Capture(database, { lease: 1_500 });
    await capture.ready();
    const before = await leaseOf(database);
    await own.psql("alter system set synchronous_standby_names = 'absent'");
    await own.psql("select pg_reload_conf()");
    await eventually(async () => (await own.psql("show synchronous_standby_names")) === "absent");

    const writer = await own.client({ database: database.name });
    const written = writer.query("update counted set version = 1 where id = 1");
    // The commit is in the log, the log was sent, and the commit waits for the standby.
    const waiting = "select from pg_stat_activity where wait_event = 'SyncRep'";
    await eventually(async () => (await database.pool.query(waiting)).rowCount === 1);
    const { rows } = await database.pool.query<{ lsn: string }>("select pg_current_wal_flush_lsn()::text as lsn");
    const sent = "select from pg_stat_replication where sent_lsn >= $1::pg_lsn";
    await eventually(async () => (await database.pool.query(sent, [rows[0]?.lsn])).rowCount === 1);
    // Six renewals are two terms of the lease.
    for (let renewals = 0, last = before; renewals < 6; renewals += 1) {
      await eventually(async () => (await leaseOf(database)).expires !== last.expires);
      last = await leaseOf(database);
      expect(last.token).toBe(before.token);
    }
    const { rows: seen } = await database.pool.query("select version from counted where id = 1");
    expect([seen, capture.captured]).toEqual([[{ version: 0 }], []]);

    await own.psql("alter system reset synchronous_standby_names");
    await own.psql("select pg_reload_conf()");
    await written;
    await capture.until(({ length }) => length === 1);
    await writer.end();
  });

  it("must not wait for the replication connection, which is refused as a synchronous standby", async () => {
    await using own = await openServer();
    await using database = await openCounted(own);
    await own.psql("alter system set synchronous_standby_names = '*'");
    await own.psql("select pg_reload_conf()");
    await eventually(async () => (await own.psql("show synchronous_standby_names")) === "*");
    await using capture = new Capture(database, { lease: 1_500 });
    expect(await capture.failure()).toMatchObject({
      code: "SOURCE_NOT_READY",
      message: expect.stringContaining("synchronous_standby_names"),
    });
  });
});

async function leaseOf({ pool, slot }: CapturedDatabase): Promise<{ token: string; expires: string }> {
  const query = "select token::text, expires::text from fanfare.replication where slot = $1";
  const { rows } = await pool.query<{ token: string; expires: string }>(query, [slot]);
  return rows[0] ?? { token: "", expires: "" };
}

describe("An open transaction", () => {
  it("does not delay others, even in another database or prepared", async () => {
    await using database = await openCounted();
    await using capture = new Capture(database);
    await capture.ready();
    await server.psql("create database elsewhere");
    await server.psql("create table t (n int)", { database: "elsewhere" });
    const open = await server.client({ database: database.name });
    const elsewhere = await server.client({ database: "elsewhere" });
    const prepared = await server.client({ database: database.name });
    await open.query("begin; update counted set version = 7 where id = 1");
    await elsewhere.query("begin; insert into t values (1)");
    await prepared.query("begin; update counted set version = 8 where id = 2; prepare transaction 'forgotten'");
    for (let version = 1; version <= 20; version += 1) {
      await database.pool.query("update counted set version = $1 where id = 3", [version]);
      await capture.until(({ length }) => length === version);
    }
    const ages = capture.batches.map(({ lag }) => lag.milliseconds).toSorted((a, b) => a - b);
    expect(ages[10]).toBeLessThan(50);
    await open.query("commit");
    await capture.until(({ length }) => length === 21);
    await prepared.query("commit prepared 'forgotten'");
    await capture.until(({ length }) => length === 22);
    expect(capture.changes.slice(20).map(({ after }) => after?.["version"])).toEqual(["7", "8"]);
    await elsewhere.query("rollback");
    await Promise.all([open.end(), elsewhere.end(), prepared.end()]);
  });
});
