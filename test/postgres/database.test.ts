import { PGlite } from "@electric-sql/pglite";
import type { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  inTransaction,
  textRows,
  withConnection,
  type PoolConnection,
  type PostgresClient,
  type Queryable,
} from "../../src/postgres/database.ts";
import { PostgresServer } from "../servers/postgres.ts";

let server: PostgresServer;
let embedded: PGlite;
const pools: Pool[] = [];
beforeAll(async () => {
  [server, embedded] = await Promise.all([PostgresServer.open(), PGlite.create()]);
  await server.psql("create table cars (id int)");
  await embedded.exec("create table cars (id int)");
});
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.end()));
  await embedded.close();
  await server[Symbol.asyncDispose]();
});

/** A pool of one connection, so that a test sees its state after it was returned. */
function openPool(): Pool {
  const pool = server.pool({ max: 1 });
  pools.push(pool);
  return pool;
}

function insert(transaction: Queryable): Promise<unknown> {
  return transaction.query("insert into cars values (1)");
}

const databases: readonly (readonly [name: string, open: () => PostgresClient & Queryable])[] = [
  ["PostgreSQL", openPool],
  ["PGlite", () => embedded],
];

describe.each(databases)("A transaction in %s", (_name, open) => {
  it("begins with its opening statements, which hold until it ends", async () => {
    const client = open();
    const zone = "select current_setting('timezone') as zone";
    const opening = "set transaction read only; set local timezone = 'Asia/Kathmandu'";
    expect(await inTransaction(client, opening, (transaction) => textRows(transaction, zone))).toEqual([
      { zone: "Asia/Kathmandu" },
    ]);
    expect(await textRows(client, zone)).not.toEqual([{ zone: "Asia/Kathmandu" }]);
    const writing = inTransaction(client, opening, (transaction) => transaction.query("delete from cars"));
    await expect(writing).rejects.toMatchObject({ code: "25006" });
  });

  it("is committed as a whole, or rolled back with the error of the failed statement", async () => {
    const client = open();
    const failing = inTransaction(client, "delete from cars", async (transaction) => {
      await insert(transaction);
      await transaction.query("select 1 / 0");
    });
    await expect(failing).rejects.toMatchObject({ code: "22012" });
    const refused = inTransaction(client, "delete from cars", async (transaction) => {
      await insert(transaction);
      throw new RangeError("Enough");
    });
    await expect(refused).rejects.toThrow(new RangeError("Enough"));
    expect(await textRows(client, "select id::text from cars")).toEqual([]);
    await inTransaction(client, "", insert);
    expect(await textRows(client, "select id::text from cars")).toEqual([{ id: "1" }]);
    await client.query("delete from cars");
  });
});

function inTransactionOf(pool: Pool, run: (connection: Queryable) => Promise<unknown>): Promise<unknown> {
  return inTransaction(pool, "", run);
}

describe("A connection from a pool", () => {
  const process = "select pg_backend_pid()::text as id";

  it("is returned to the pool after a failed transaction", async () => {
    const pool = openPool();
    const [before] = await textRows(pool, process);
    const failing = inTransaction(pool, "", (transaction) => transaction.query("select 1 / 0"));
    await expect(failing).rejects.toMatchObject({ code: "22012" });
    expect(await textRows(pool, process)).toEqual([before]);
  });

  it("is closed after it broke, without ending the process", async () => {
    const end = "select pg_terminate_backend(pg_backend_pid())";
    for (const run of [withConnection<PoolConnection, unknown>, inTransactionOf]) {
      const pool = openPool();
      const [before] = await textRows(pool, process);
      await expect(run(pool, (connection) => connection.query(end))).rejects.toMatchObject({ code: "57P01" });
      expect(await textRows(pool, process)).not.toEqual([before]);
    }
  });

  it("is closed when it cannot be restored", async () => {
    const pool = openPool();
    const [before] = await textRows(pool, process);
    const failing = withConnection(
      pool,
      () => Promise.reject(new RangeError("Enough")),
      () => Promise.reject(new Error("It does not answer")),
    );
    await expect(failing).rejects.toThrow(new RangeError("Enough"));
    expect(await textRows(pool, process)).not.toEqual([before]);
  });
});
