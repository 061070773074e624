// npm run bench:latency -- [--changes 300]
// From the moment a statement is given to psql until a subscribed client has the change: more than commit to client.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";
import { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
import { GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import { createClient } from "graphql-ws";
import { Client } from "pg";
import { WebSocket } from "ws";
import { createFanfare } from "fanfare";
import type { Source } from "fanfare/contract";
import { model } from "fanfare/models";
import { installOutbox, postgresOutbox } from "fanfare/sources/postgres-outbox";
import { installReplication, postgresReplication } from "fanfare/sources/postgres-replication";
import { PostgresServer } from "../test/servers/postgres.ts";
import { quantile } from "./quartiles.ts";

const { values } = parseArgs({ options: { changes: { type: "string", default: "300" } } });
const changes = Number(values.changes);

const table = "create table cars (id integer primary key, make text not null)";
const Car = model(
  { name: "cars", key: ["id"], columns: { id: "integer", make: "text" } },
  { name: "Car", fields: ["id", "make"] },
);
const Query = new GraphQLObjectType({ name: "Query", fields: { hi: { type: GraphQLString } } });
const Subscription = new GraphQLObjectType({ name: "Subscription", fields: Car.subscriptions });

async function latencies(source: Source, psqlUrl: string): Promise<readonly number[]> {
  await using fanfare = createFanfare({
    schema: new GraphQLSchema({ query: Query, subscription: Subscription }),
    source,
  });
  await fanfare.relay?.started;
  const { url } = await fanfare.listen({ port: 0 });
  const client = createClient({ url: url.replace("http", "ws"), webSocketImpl: WebSocket, lazy: false });
  const heard: number[] = [];
  let next = Promise.withResolvers<void>();
  client.subscribe(
    { query: "subscription { carChanged { action id after { make } } }" },
    {
      next: () => {
        heard.push(performance.now());
        next.resolve();
      },
      error: (error) => next.reject(error),
      complete: () => {},
    },
  );
  const psql = spawn("psql", ["-q", psqlUrl], { stdio: ["pipe", "inherit", "inherit"] });
  const measured: number[] = [];
  for (let number = 0; number < changes + 10; number += 1) {
    // Not in step with the source's own clock.
    await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 100));
    next = Promise.withResolvers();
    const began = performance.now();
    psql.stdin.write(`${statement(number)};\n`);
    await next.promise;
    if (number >= 10) measured.push((heard.at(-1) ?? NaN) - began);
  }
  psql.stdin.end();
  await once(psql, "exit");
  await client.dispose();
  return measured;
}

function statement(number: number): string {
  const id = Math.floor(number / 3);
  if (number % 3 === 0) return `insert into cars values (${id}, 'Skoda')`;
  return number % 3 === 1 ? `update cars set make = 'Citroën' where id = ${id}` : `delete from cars where id = ${id}`;
}

async function overOutbox(): Promise<readonly number[]> {
  await using server = await PostgresServer.open();
  const pool = server.pool();
  await pool.query(table);
  await installOutbox(pool, { tables: ["cars"] });
  await using source = postgresOutbox({ client: pool, tables: ["cars"] });
  const measured = await latencies(source, server.url());
  await source[Symbol.asyncDispose]();
  await pool.end();
  return measured;
}

async function overReplication(): Promise<readonly number[]> {
  const settings = { wal_level: "logical", max_slot_wal_keep_size: "1GB" };
  await using server = await PostgresServer.open({ settings });
  const pool = server.pool();
  await pool.query(`${table}; alter table cars replica identity full`);
  await installReplication(pool, { tables: ["cars"] });
  await using source = postgresReplication({
    client: pool,
    connect: (mode) => new Client({ ...server.login(), ...mode }),
    tables: ["cars"],
  });
  const measured = await latencies(source, server.url());
  await source[Symbol.asyncDispose]();
  await pool.end();
  return measured;
}

async function overEmbedded(): Promise<readonly number[]> {
  await using database = await PGlite.create();
  await database.exec(table);
  await installOutbox(database, { tables: ["cars"] });
  const door = new PGLiteSocketServer({ db: database, port: 0, host: "127.0.0.1" });
  const opened = Promise.withResolvers<number>();
  door.addEventListener("listening", (event) => {
    if (event instanceof CustomEvent) opened.resolve(Number(event.detail.port));
  });
  await door.start();
  const port = await opened.promise;
  await using source = postgresOutbox({ client: database, tables: ["cars"] });
  const measured = await latencies(source, `postgres://postgres@127.0.0.1:${port}/postgres?sslmode=disable`);
  await source[Symbol.asyncDispose]();
  await door.stop();
  return measured;
}

console.log("| | median ms | p90 | p99 |\n| --- | --- | --- | --- |");
for (const [name, measure] of [
  ["PostgreSQL, outbox", overOutbox],
  ["PostgreSQL, replication", overReplication],
  ["PGlite, outbox", overEmbedded],
] as const) {
  const measured = await measure();
  const cells = [0.5, 0.9, 0.99].map((part) => quantile(measured, part).toFixed(1));
  console.log(`| ${[name, ...cells].join(" | ")} |`);
}
