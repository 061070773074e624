import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { CapturedRow } from "../../../src/contract/captured.ts";
import type { Source } from "../../../src/contract/source.ts";
import { installOutbox, postgresOutbox } from "../../../src/sources/postgres-outbox.ts";
import { historyTables, write } from "../history.ts";
import { WatchedPool } from "../watched-pool.ts";
import { PostgresPlace, places, type PostgresDatabase, type TestDatabase, type TestPlace } from "./databases.ts";
import { Reading } from "./reading.ts";

const cars = { table: { schema: "public", name: "cars" }, key: ["id"], limit: 10 };

async function idsOf(source: Source, equal: CapturedRow): Promise<readonly unknown[]> {
  const { rows } = await source.snapshot({ ...cars, equal });
  return rows.map((row) => row["id"]);
}

describe.each(places)("A snapshot of a table in $name", ({ start }) => {
  let place: TestPlace;
  let database: TestDatabase;
  let source: Source;

  beforeAll(async () => {
    place = await start();
  });

  afterAll(async () => {
    await place[Symbol.asyncDispose]();
  });

  beforeEach(async () => {
    database = await place.open();
    await database.run(`
      create table cars (id int primary key, make text, "Big ""Year""" numeric);
      insert into cars values (3, 'c', 1.50), (1, 'a', 1.5), (2, null, null)`);
    source = postgresOutbox({ client: database.client });
  });

  afterEach(async () => {
    await database[Symbol.asyncDispose]();
  });

  it("has its rows in the order of the primary key", async () => {
    const { rows } = await source.snapshot(cars);
    expect(rows).toEqual([
      { id: "1", make: "a", 'Big "Year"': "1.5" },
      { id: "2", make: null, 'Big "Year"': null },
      { id: "3", make: "c", 'Big "Year"': "1.50" },
    ]);
  });

  it("has the rows with the required values", async () => {
    expect(await idsOf(source, { make: "a" })).toEqual(["1"]);
    expect(await idsOf(source, { make: null })).toEqual(["2"]);
    expect(await idsOf(source, { 'Big "Year"': "1.5" })).toEqual(["1", "3"]);
    expect(await idsOf(source, { make: "a", 'Big "Year"': "7" })).toEqual([]);
    expect(await idsOf(source, { make: "a' or true --" })).toEqual([]);
  });

  it("has no row whose value equals only the truncated or rounded required value", async () => {
    await database.run("alter table cars add code varchar(2) default 'ab', add cost numeric(4, 1) default 1.2");
    expect(await idsOf(source, { code: "ab", cost: "1.2" })).toEqual(["1", "2", "3"]);
    expect(await idsOf(source, { code: "abc" })).toEqual([]);
    expect(await idsOf(source, { cost: "1.24" })).toEqual([]);
  });

  it("has the rows of partitions, and none of tables that inherit, whose changes are not the table's", async () => {
    await database.run(`create table heirs () inherits (cars); insert into heirs values (9, 'heir');
      create table parts (id int primary key, make text) partition by list (id);
      create table part partition of parts for values in (1); insert into parts values (1, 'part')`);
    expect(await idsOf(source, {})).toEqual(["1", "2", "3"]);
    const parts = { ...cars, table: { schema: "public", name: "parts" } };
    expect((await source.snapshot(parts)).rows).toEqual([{ id: "1", make: "part" }]);
  });

  it("fails with OVERFLOW above the limit", async () => {
    expect((await source.snapshot({ ...cars, limit: 3 })).rows).toHaveLength(3);
    await expect(source.snapshot({ ...cars, limit: 2 })).rejects.toMatchObject({
      code: "OVERFLOW",
      message: expect.stringContaining(`more than 2 rows of "public"."cars"`),
    });
  });

  it("of an empty table knows its transactions as well", async () => {
    await database.run("create table marks (id xid8 primary key default pg_current_xact_id())");
    await database.run("begin; delete from cars; insert into marks default values; commit");
    const snapshot = await source.snapshot(cars);
    await database.run("begin; insert into cars values (7); insert into marks default values; commit");
    const marks = await database.rows("select id::text from marks order by id");
    expect(snapshot.rows).toEqual([]);
    expect(marks.map((row) => snapshot.includes(row["id"] ?? ""))).toEqual([true, false]);
  });

  it("names a missing table or column", async () => {
    const missing = [
      [{ ...cars, table: { schema: "public", name: "lorries" } }, `there is no table "public"."lorries"`],
      [{ ...cars, key: ["number"] }, `the table "public"."cars" has no column "number"`],
      [{ ...cars, equal: { color: "red" } }, `the table "public"."cars" has no column "color"`],
    ] as const;
    for (const [request, message] of missing) {
      await expect(source.snapshot(request)).rejects.toMatchObject({
        code: "SOURCE_NOT_READY",
        message: expect.stringContaining(message),
      });
    }
  });

  it("for a value that its column cannot have fails with BAD_VALUE, and names both", async () => {
    await database.run(`create type mood as enum ('good');
      alter table cars add mood mood, add small smallint, add day date, add seen timestamptz, add document jsonb`);
    const wrong = { id: "seven", small: "40000", mood: "bad", day: "2026-02-30", make: "a\u0000", document: "{" };
    for (const [column, value] of Object.entries(wrong)) {
      await expect(source.snapshot({ ...cars, equal: { make: "b", [column]: value } })).rejects.toMatchObject({
        code: "BAD_VALUE",
        message: expect.stringContaining(
          `the column "${column}" of "public"."cars" cannot be ${JSON.stringify(value)}`,
        ),
      });
    }
    expect(await idsOf(source, { mood: null })).toEqual(["1", "2", "3"]);
  });

  it("rejects at once when its signal aborts", async () => {
    await expect(source.snapshot(cars, AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
    expect((await source.snapshot(cars)).rows).toHaveLength(3);
  });
});

describe("What the source reads", () => {
  it("is never compiled just in time, which would take longer than to read it", async () => {
    await using place = await PostgresPlace.start({ jit: "on" });
    await using database = await place.open();
    await database.run("create table cars (id int primary key, tags text[])");
    await using pool = new WatchedPool(place.server.pool({ database: database.name }));
    await installOutbox(pool, { tables: ["cars"] });
    const source = postgresOutbox({ client: pool, tables: ["cars"] });
    await using reading = new Reading(source);
    await reading.leading();
    await database.run("insert into cars values (1, '{a}')");
    await reading.until(1);
    expect((await source.snapshot(cars)).rows).toHaveLength(1);
    expect(pool.statements.length).toBeGreaterThan(5);
    expect(pool.compiled).toEqual([]);
  });
});

describe("Snapshots among concurrent writers", () => {
  let place: PostgresPlace;
  let database: PostgresDatabase;

  beforeAll(async () => {
    place = await PostgresPlace.start({ deadlock_timeout: "50ms" });
    database = await place.open();
    await database.run(historyTables);
    await installOutbox(database.client, { tables: ["counted"] });
  });

  afterAll(async () => {
    await database[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  });

  it("add up to the table with the changes that they do not include", async () => {
    const source = postgresOutbox({ client: database.client });
    await using reading = new Reading(source);
    await reading.leading();
    const end = new AbortController();
    const connect = () => database.server.client({ database: database.name });
    const writing = write(connect, { writers: 8, transactions: Infinity, stop: end.signal, seed: 3 });
    const request = { table: { schema: "public", name: "counted" }, key: ["id"], limit: 100 };
    const snapshots = [];
    for (let count = 0; count < 50; count += 1) snapshots.push(await source.snapshot(request));
    end.abort();
    await writing;
    const history = await database.rows("select id from history");
    await reading.until(history.length);

    const { rows } = await source.snapshot(request);
    const states = new Set(snapshots.map((snapshot) => JSON.stringify(snapshot.rows)));
    expect(states.size).toBeGreaterThan(10);
    for (const snapshot of snapshots) {
      const state = new Map(snapshot.rows.map((row) => [row["id"], row]));
      for (const { transaction, before, after } of reading.changes) {
        if (snapshot.includes(transaction)) continue;
        if (after) state.set(after["id"], after);
        else state.delete(before?.["id"]);
      }
      expect([...state.values()].toSorted((a, b) => Number(a["id"]) - Number(b["id"]))).toEqual(rows);
    }
  });
});
