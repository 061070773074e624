import type { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CapturedChange } from "../../../src/contract/captured.ts";
import { placeId } from "../../../src/contract/place.ts";
import { installOutbox, postgresOutbox } from "../../../src/sources/postgres-outbox.ts";
import { until } from "../../faults/until.ts";
import { historyQuery, historyTables, versionOf, versionsById, write, type Workload } from "../history.ts";
import { PostgresPlace, type PostgresDatabase } from "./databases.ts";
import { Reading } from "./reading.ts";

/** By default a tenth of the full workload; `FANFARE_RUNS=10` runs the whole. */
const times = Number(process.env["FANFARE_RUNS"] ?? "1");
const workload: Workload = { writers: 20, transactions: 100 * times, seed: Number(process.env["FANFARE_SEED"] ?? "1") };
const timeout = 120_000 * times;

let place: PostgresPlace;

beforeAll(async () => {
  place = await PostgresPlace.start({ max_prepared_transactions: 5, deadlock_timeout: "50ms" });
});

afterAll(async () => {
  await place[Symbol.asyncDispose]();
});

async function openCounted(): Promise<PostgresDatabase> {
  const database = await place.open();
  await database.run(historyTables);
  await installOutbox(database.client, { tables: ["counted"] });
  return database;
}

async function historyOf(database: PostgresDatabase) {
  const rows = await database.rows(historyQuery);
  return rows.map(({ id, version }) => ({ id: id ?? "", version: Number(version) }));
}

const connecting = (database: PostgresDatabase) => (): Promise<Client> =>
  database.server.client({ database: database.name });

describe("Changes of 20 writers on overlapping rows, a third of them rolled back, some long,", () => {
  it(
    "are captured exactly as committed: per row in the order of the commits, none twice, none missing",
    async () => {
      await using database = await openCounted();
      await using reading = new Reading(postgresOutbox({ client: database.client, tables: ["counted"], batch: 50 }));
      const { committed, rolledBack } = await write(connecting(database), workload);
      const history = await historyOf(database);
      await reading.until(history.length);
      expect(committed).toBeGreaterThan(workload.writers * workload.transactions * 0.4);
      expect(rolledBack).toBeGreaterThan(workload.writers * workload.transactions * 0.25);
      expect(versionsById(reading.changes.map(versionOf))).toEqual(versionsById(history));
      expect(new Set(reading.captured.map(({ place: of }) => placeId(of))).size).toBe(history.length);
      expect(await database.rows("select seq from fanfare.outbox")).toEqual([]);
    },
    timeout,
  );

  it(
    "are captured in the order of their places, each change with its transaction",
    async () => {
      await using database = await openCounted();
      await using reading = new Reading(postgresOutbox({ client: database.client, tables: ["counted"] }));
      await write(connecting(database), { ...workload, transactions: 20, seed: workload.seed + 1 });
      const transactions = await database.rows("select transaction::text from history order by transaction");
      await reading.until(transactions.length);
      const numbers = reading.captured.map(({ place: { major, minor } }) => [major, minor]);
      expect(numbers).toEqual(
        numbers.toSorted(([a = 0n, b = 0n], [c = 0n, d = 0n]) => Number(a === c ? b - d : a - c)),
      );
      const captured = reading.changes.map((change) => change.transaction).toSorted((a, b) => Number(a) - Number(b));
      expect(captured).toEqual(transactions.map((row) => row["transaction"]));
    },
    timeout,
  );

  it(
    "are never captured before a new transaction can read them",
    async () => {
      await using database = await openCounted();
      const reader = await database.server.client({ database: database.name });
      const early: CapturedChange[] = [];
      let checked = 0;
      const end = new AbortController();
      const source = postgresOutbox({ client: database.client, batch: 20 });
      const check = async (change: CapturedChange): Promise<void> => {
        const { id, version } = versionOf(change);
        const text = "select coalesce(max(version), 0) as newest from history where id = $1";
        const { rows } = await reader.query<{ newest: number }>(text, [id]);
        if ((rows[0]?.newest ?? 0) < version) early.push(change);
        checked += 1;
      };
      const checking = (async () => {
        for await (const batch of source.changes(end.signal)) {
          for (const change of batch.changes) if (change.kind === "change") await check(change);
          await batch.confirm();
        }
      })();
      await write(connecting(database), { ...workload, seed: workload.seed + 2 });
      const history = await historyOf(database);
      await until(
        () => checked === history.length,
        () => `${history.length} changes; checked ${checked}`,
      );
      end.abort();
      await checking;
      await reader.end();
      expect(early).toEqual([]);
    },
    timeout,
  );
});

describe("An open transaction", () => {
  it("does not delay others, even in another database or prepared", async () => {
    await using database = await openCounted();
    await using other = await place.open();
    await other.run("create table t (n int)");
    const open = await database.server.client({ database: database.name });
    const elsewhere = await database.server.client({ database: other.name });
    const prepared = await database.server.client({ database: database.name });
    await open.query("begin; update counted set version = 7 where id = 1");
    await elsewhere.query("begin; insert into t values (1)");
    await prepared.query("begin; update counted set version = 8 where id = 2; prepare transaction 'forgotten'");
    await using reading = new Reading(postgresOutbox({ client: database.client }));
    await reading.leading();
    for (let version = 1; version <= 20; version += 1) {
      await database.run(`update counted set version = ${version} where id = 3`);
      const captured = await reading.until(version);
      expect(captured.length).toBe(version);
    }
    const ages = reading.batches.map(({ lag }) => lag.milliseconds);
    expect(Math.min(...ages)).toBeLessThan(100);
    await open.query("commit");
    await reading.until(21);
    await prepared.query("commit prepared 'forgotten'");
    await reading.until(22);
    expect(reading.changes.slice(20).map(({ after }) => after?.["version"])).toEqual(["7", "8"]);
    await elsewhere.query("rollback");
    await Promise.all([open.end(), elsewhere.end(), prepared.end()]);
  });

  it("of 100,000 rows is not scanned again and again beside short ones", async () => {
    await using database = await openCounted();
    await database.run("create table bulk (id int primary key)");
    await installOutbox(database.client, { tables: ["bulk"] });
    const open = await database.server.client({ database: database.name });
    await open.query("begin; insert into bulk select generate_series(1, 100000)");
    const [transaction] = (await open.query<{ id: string }>("select pg_current_xact_id()::text as id")).rows;
    await using reading = new Reading(postgresOutbox({ client: database.client, poll: 5 }));
    // An idle reader stores its snapshot once a second: it includes this running transaction.
    await until(
      async () => {
        const [row] = await database.rows(
          `select ${transaction?.id} in (select x::text::bigint from fanfare.outbox_progress, pg_snapshot_xip(previous) x) as seen`,
        );
        return row?.["seen"] === "true";
      },
      () => "the reader to have seen it",
    );
    const scans = async (): Promise<{ readonly count: number; readonly rows: number }> => {
      const [row] = await database.rows(
        "select idx_scan as count, idx_tup_read as rows from pg_stat_user_indexes where indexrelname = 'outbox_xid'",
      );
      return { count: Number(row?.["count"]), rows: Number(row?.["rows"]) };
    };
    // PostgreSQL's statistics are delayed: those of the first polls have arrived when later ones are counted.
    const first = await scans();
    let before = first;
    await until(
      async () => (before = await scans()).count > first.count + 60,
      () => "60 more looks",
    );
    let after = before;
    await until(
      async () => (after = await scans()).count > before.count + 60,
      () => "another 60 looks",
    );
    expect(after.rows - before.rows).toBeLessThan(100_000);
    await database.run("update counted set version = 1 where id = 3");
    await reading.until(1);
    await open.query("commit");
    await reading.until(100_001);
    await open.end();
  });
});
