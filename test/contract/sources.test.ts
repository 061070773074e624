import { PGlite } from "@electric-sql/pglite";
import { Client, type Pool } from "pg";
import * as vitest from "vitest";
import { afterAll } from "vitest";
import type { Transaction } from "../../src/contract/source.ts";
import { installOutbox, postgresOutbox } from "../../src/sources/postgres-outbox.ts";
import { installReplication, postgresReplication } from "../../src/sources/postgres-replication.ts";
import { sourceContract, type SourceDatabase, type SourceWriter } from "../../src/testing/source-contract.ts";
import { PostgresServer } from "../servers/postgres.ts";
import { eventually } from "../eventually.ts";

const cars = "create table cars (id integer primary key, make text)";
const table = { schema: "public", name: "cars" };
const options = { tables: [table] };
/** The size of batches: so small that the cases need several. */
const batch = 100;

/** One server with logical replication for all cases, of which each has a database. */
let server: Promise<PostgresServer> | undefined;
let embedded: Promise<PGlite> | undefined;
let databases = 0;

afterAll(async () => {
  await (await server)?.[Symbol.asyncDispose]();
  await (await embedded)?.close();
});

/** Opens a database with the empty table. */
async function openDatabase(): Promise<{
  readonly name: string;
  readonly pool: Pool;
  readonly server: PostgresServer;
}> {
  const settings = { wal_level: "logical", max_slot_wal_keep_size: "1GB" };
  server ??= PostgresServer.open({ settings });
  const opened = await server;
  databases += 1;
  const name = `contract_${databases}`;
  await opened.psql(`create database ${name}`);
  const pool = opened.pool({ database: name, max: 20 });
  await pool.query(cars);
  return { name, pool, server: opened };
}

async function openOutbox(): Promise<SourceDatabase> {
  const { pool } = await openDatabase();
  await installOutbox(pool, options);
  return {
    table,
    source: () => postgresOutbox({ client: pool, ...options, batch }),
    transaction: (work) => inTransaction(pool, work),
    [Symbol.asyncDispose]: () => pool.end(),
  };
}

async function openReplication(): Promise<SourceDatabase> {
  const { name, pool, server: on } = await openDatabase();
  await installReplication(pool, options);
  return {
    table,
    source: () =>
      postgresReplication({
        client: pool,
        connect: (mode) => new Client({ ...on.login({ database: name }), ...mode }),
        ...options,
        slot: name,
        batch,
      }),
    transaction: (work) => inTransaction(pool, work),
    async [Symbol.asyncDispose]() {
      // The server has ten slots for all cases, and releases a slot a moment after its reader has ended.
      const drop = "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1";
      await eventually(() => pool.query(drop, [name]));
      await pool.end();
    },
  };
}

/** Opens PGlite with the empty table. It takes long to start, so the cases share it. */
async function openEmbedded(): Promise<SourceDatabase> {
  embedded ??= PGlite.create();
  const client = await embedded;
  await client.exec(`drop schema if exists fanfare cascade; drop table if exists cars; ${cars}`);
  await installOutbox(client, options);
  return {
    table,
    source: () => postgresOutbox({ client, ...options, batch }),
    transaction: (work) => client.transaction((transaction) => work(writer(transaction))),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

async function inTransaction(pool: Pool, work: (writer: SourceWriter) => Promise<void>): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("begin");
    await work(writer(client));
    await client.query("commit");
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    client.release();
  }
}

function writer(transaction: Transaction): SourceWriter {
  const run = async (text: string, ...values: readonly unknown[]): Promise<void> => {
    await transaction.query(text, [...values]);
  };
  return {
    transaction,
    insert: (id, make) => run("insert into cars values ($1, $2)", id, make),
    update: (id, make) => run("update cars set make = $2 where id = $1", id, make),
    move: (id, to) => run("update cars set id = $2 where id = $1", id, to),
    remove: (id) => run("delete from cars where id = $1", id),
    truncate: () => run("truncate cars"),
  };
}

sourceContract(vitest, { name: "postgres-outbox on PostgreSQL", open: openOutbox, overlapping: true });
sourceContract(vitest, { name: "postgres-outbox on PGlite", open: openEmbedded });
sourceContract(vitest, { name: "postgres-replication", open: openReplication, overlapping: true });
