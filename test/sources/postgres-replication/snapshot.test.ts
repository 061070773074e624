import { Client, type Pool } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SnapshotRequest } from "../../../src/contract/source.ts";
import { postgresReplication, type PostgresPool, type RawQuery } from "../../../src/sources/postgres-replication.ts";
import type { PostgresServer } from "../../servers/postgres.ts";
import { WatchedPool } from "../watched-pool.ts";
import { Capture, CapturedDatabase, eventually, openServer, table } from "./capture.ts";

let server: PostgresServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const cars = `create table cars (id int, year int, make varchar(4), code char(4), tags text[], sold boolean,
    primary key (year, id));
  insert into cars values (3, 2020, 'Saab', 'a', '{x,"y z"}', true), (1, 2021, null, null, null, null),
    (2, 2020, 'Fiat', 'ab', '{}', false)`;
const request: SnapshotRequest = { table: table("cars"), key: ["year", "id"], limit: 10 };

/** A pool whose connections call `happen` after a snapshot was taken. */
function interrupted(pool: Pool, happen: () => Promise<unknown>): PostgresPool {
  return {
    query: (text, values) => pool.query(text, values),
    async connect() {
      const connection = await pool.connect();
      return {
        async query(text: string | RawQuery, values?: unknown[]) {
          const result = await (typeof text === "string" ? connection.query(text, values) : connection.query(text));
          if (typeof text === "string" && text.includes("pg_current_snapshot")) await happen();
          return result;
        },
        release: (destroy) => connection.release(destroy),
        on: (event, listener) => connection.on(event, listener),
        off: (event, listener) => connection.off(event, listener),
      };
    },
  };
}

async function transactionOf(client: Pick<Client, "query">): Promise<string> {
  const { rows } = await client.query<{ id: string }>("select pg_current_xact_id()::text as id");
  return rows[0]?.id ?? "";
}

describe("postgresReplication: a snapshot", () => {
  it("has the rows in the order of the primary key, or those with the required values", async () => {
    await using database = await CapturedDatabase.open(server, cars, [table("cars")]);
    await using source = database.source();
    const read = async (equal: SnapshotRequest["equal"] = {}) =>
      (await source.snapshot({ ...request, equal })).rows.map((row) => row["id"]);
    expect(await read()).toEqual(["2", "3", "1"]);
    expect(await read({ year: "2020", make: "Saab" })).toEqual(["3"]);
    expect(await read({ make: "Saabs" })).toEqual([]);
    expect(await read({ code: "ab" })).toEqual(["2"]);
    expect(await read({ make: null, tags: null })).toEqual(["1"]);
    expect(await read({ sold: "true" })).toEqual(["3"]);
    expect(await read({ tags: '["x", "y z"]' })).toEqual(["3"]);
  });

  it("has values in the form of captured changes", async () => {
    await using database = await CapturedDatabase.open(server, cars, [table("cars")]);
    await using capture = new Capture(database);
    await capture.ready();
    await database.pool.query("update cars set sold = not coalesce(sold, true)");
    await capture.until(({ length }) => length === 3);
    await using source = database.source();
    const { rows } = await source.snapshot(request);
    const changed = capture.changes.map(({ after }) => after);
    expect(new Set(rows.map((row) => JSON.stringify(row)))).toEqual(new Set(changed.map((row) => JSON.stringify(row))));
  });

  it("tells which transactions it includes", async () => {
    await using database = await CapturedDatabase.open(server, cars, [table("cars")]);
    await using source = database.source();
    const before = await transactionOf(database.pool);
    const open = await server.client({ database: database.name });
    await open.query("begin; delete from cars");
    const during = await transactionOf(open);
    const snapshot = await source.snapshot(request);
    await open.query("commit");
    await open.end();
    const after = await transactionOf(database.pool);
    expect(snapshot.rows).toHaveLength(3);
    expect([before, during, after].map((id) => snapshot.includes(id))).toEqual([true, false, false]);
    expect((await source.snapshot(request)).includes(during)).toBe(true);
  });

  it("shows one moment: a commit during its reading is not included", async () => {
    await using database = await CapturedDatabase.open(server, cars, [table("cars")]);
    const { pool } = database;
    const client = interrupted(pool, () => pool.query("insert into cars values (4, 2022)"));
    await using source = database.source({ client });
    const { rows } = await source.snapshot(request);
    expect(rows.map((row) => row["id"])).toEqual(["2", "3", "1"]);
    expect((await pool.query("select from cars")).rowCount).toBe(4);
  });

  it("has none of the rows of tables that inherit, whose changes are not the table's", async () => {
    await using database = await CapturedDatabase.open(server, cars, [table("cars")]);
    await using source = database.source();
    await database.pool.query("create table heirs () inherits (cars); insert into heirs (id, year) values (9, 2026)");
    expect((await source.snapshot(request)).rows.map((row) => row["id"])).toEqual(["2", "3", "1"]);
  });

  it("for a value that its column cannot have fails with BAD_VALUE, and names both", async () => {
    await using database = await CapturedDatabase.open(server, cars, [table("cars")]);
    await using source = database.source();
    for (const [column, value] of Object.entries({ id: "99999999999", make: "a\u0000b", sold: "perhaps" })) {
      await expect(source.snapshot({ ...request, equal: { year: "2020", [column]: value } })).rejects.toMatchObject({
        code: "BAD_VALUE",
        message: expect.stringContaining(
          `the column "${column}" of "public"."cars" cannot be ${JSON.stringify(value)}`,
        ),
      });
    }
  });

  it("whose connection breaks is SOURCE_UNAVAILABLE, and the next one is complete", async () => {
    await using database = await CapturedDatabase.open(server, cars, [table("cars")]);
    const { pool } = database;
    const idle = "from pg_stat_activity where datname = current_database() and state = 'idle in transaction'";
    const client = interrupted(pool, async () => {
      await pool.query(`select pg_terminate_backend(pid) ${idle}`);
      await eventually(async () => (await pool.query(`select ${idle}`)).rowCount === 0);
    });
    await using source = database.source({ client });
    await expect(source.snapshot(request)).rejects.toMatchObject({ code: "SOURCE_UNAVAILABLE" });
    await using other = database.source();
    expect((await other.snapshot(request)).rows).toHaveLength(3);
  });

  it("of more rows than the limit is refused", async () => {
    await using database = await CapturedDatabase.open(server, cars, [table("cars")]);
    await using source = database.source();
    await expect(source.snapshot({ ...request, limit: 2 })).rejects.toMatchObject({
      code: "OVERFLOW",
      message: "postgres-replication: more than 2 rows of public.cars were asked for; narrow the condition",
    });
    expect((await source.snapshot({ ...request, limit: 3 })).rows).toHaveLength(3);
  });

  it("of a missing table or column is refused by its name", async () => {
    await using database = await CapturedDatabase.open(server, cars, [table("cars")]);
    await using source = database.source();
    const read = (more: Partial<SnapshotRequest>) => source.snapshot({ ...request, ...more });
    await expect(read({ table: table("cats") })).rejects.toMatchObject({
      code: "SOURCE_NOT_READY",
      message: "postgres-replication: there is no table public.cats",
    });
    for (const more of [{ key: ["nr"] }, { equal: { nr: "1" } }]) {
      await expect(read(more)).rejects.toMatchObject({
        code: "SOURCE_NOT_READY",
        message: "postgres-replication: the table public.cars has no column nr",
      });
    }
  });

  it("of a table with unusual types and names needs one connection only", async () => {
    const sql = `create schema "a $ b"; create type "a $ b"."m ood" as enum ('so "so"');
      create table "a $ b"."c""d" ("I d" "a $ b"."m ood" primary key, "all" "a $ b"."m ood"[]);
      insert into "a $ b"."c""d" values ('so "so"', array['so "so"', null]::"a $ b"."m ood"[])`;
    const odd = table('c"d', "a $ b");
    await using database = await CapturedDatabase.open(server, sql, [odd]);
    const pool = server.pool({ database: database.name, max: 1 });
    const source = postgresReplication({ client: pool, connect: () => new Client(), tables: [odd] });
    const { rows } = await source.snapshot({ table: odd, key: ["I d"], equal: { "I d": 'so "so"' }, limit: 1 });
    expect(rows).toEqual([{ "I d": 'so "so"', all: String.raw`["so \"so\"", null]` }]);
    await pool.end();
  });

  it("is never compiled just in time, nor is anything else that is read", async () => {
    const sql = "create table cars (id int primary key, tags text[])";
    await using database = await CapturedDatabase.open(server, sql, [table("cars")]);
    await database.pool.query(`alter database ${database.name} set jit = on`);
    await using client = new WatchedPool(server.pool({ database: database.name }));
    await using capture = new Capture(database, { client });
    await capture.ready();
    await database.pool.query("insert into cars values (1, '{a}')");
    await capture.until(({ length }) => length === 1);
    await using source = database.source({ client });
    expect((await source.snapshot({ table: table("cars"), key: ["id"], limit: 10 })).rows).toHaveLength(1);
    expect(client.statements.length).toBeGreaterThan(5);
    expect(client.compiled).toEqual([]);
  });

  it("of an unavailable database is SOURCE_UNAVAILABLE", async () => {
    const client = server.pool({ port: 1 });
    const source = postgresReplication({ client, connect: () => new Client(), tables: ["cars"] });
    await expect(source.snapshot(request)).rejects.toMatchObject({ code: "SOURCE_UNAVAILABLE" });
    await client.end();
  });
});
