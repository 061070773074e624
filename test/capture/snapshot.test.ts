import { GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import type { Pool } from "pg";
import { describe, expect, it } from "vitest";
import { createFanfare, silentLog } from "fanfare";
import { model } from "fanfare/models";
import { until } from "../faults/until.ts";
import { carSources } from "./car-source.ts";
import { PostgresServer } from "../servers/postgres.ts";
import { ShownCars, type ShownCar } from "./shown-cars.ts";

/** The number of subscriptions that begin among concurrent writers; `FANFARE_RUNS=50` makes it a thousand. */
const rounds = 20 * Number(process.env["FANFARE_RUNS"] ?? "1");
const writers = 4;
const ids = 40;

const table = `create table cars (id integer primary key, make text not null, year integer not null);
  alter table cars replica identity full;
  insert into cars select n, 'Skoda', 0 from generate_series(1, ${ids / 2}) n`;

describe.each(carSources)("A snapshot and the changes after it, from $name", ({ settings, open }) => {
  it("add up to the table, whenever a subscription begins among concurrent writers", async () => {
    await using server = await PostgresServer.open({ settings });
    const pool = server.pool({ max: 20 });
    await pool.query(table);
    await using source = await open(server, pool);
    const Car = model(
      { name: "cars", key: ["id"], columns: { id: "integer", make: "text", year: "integer" } },
      { name: "Car", fields: ["id", "make", "year"], source, queue: { messages: 100_000, bytes: 64 * 2 ** 20 } },
    );
    const query = new GraphQLObjectType({ name: "Query", fields: { hi: { type: GraphQLString } } });
    const subscription = new GraphQLObjectType({ name: "Subscription", fields: Car.subscriptions });
    await using fanfare = createFanfare({
      schema: new GraphQLSchema({ query, subscription }),
      source,
      log: silentLog,
    });
    await fanfare.relay?.started;

    let written = 0;
    for (let round = 0; round < rounds; round += 1) {
      const stop = new AbortController();
      const writing = Array.from({ length: writers }, () => write(pool, stop.signal));
      const shown = new ShownCars();
      const results = await fanfare.subscribe({
        query: `subscription { carChanged(initial: true) {
          action id before { id make year } after { id make year }
        } }`,
        limit: 100_000,
      });
      const [last, reading] = [`last of round ${round}`, Promise.withResolvers<void>()];
      void (async () => {
        for await (const { data, errors } of results) {
          const told = changeOf(data, errors);
          shown.take(told);
          if (told.after?.make === last) break;
        }
      })().then(reading.resolve, reading.reject);
      await until(
        () => shown.changes >= 10 || shown.objections.length > 0,
        () => `changes behind the snapshot; there are ${shown.changes}`,
      );
      stop.abort();
      for (const count of await Promise.all(writing)) written += count;
      await pool.query("insert into cars values (0, $1, 0) on conflict (id) do update set make = $1", [last]);
      await reading.promise;

      const { rows } = await pool.query<ShownCar>("select id::text, make, year from cars order by cars.id");
      expect(shown.rows).toEqual(rows);
      expect(shown.objections).toEqual([]);
    }
    expect(written).toBeGreaterThan(rounds * writers);
    await fanfare[Symbol.asyncDispose]();
    await source[Symbol.asyncDispose]();
    await pool.end();
  }, 600_000);
});

/** Writes one change after another; rolls back a third of the transactions. Resolves with the number of commits. */
async function write(pool: Pool, signal: AbortSignal): Promise<number> {
  const client = await pool.connect();
  let committed = 0;
  while (!signal.aborted) {
    const [id, other] = [someId(), someId()].toSorted((a, b) => a - b);
    await client.query("begin");
    await client.query("insert into cars values ($1, 'Fiat', 1) on conflict (id) do update set year = cars.year + 1", [
      id,
    ]);
    if (Math.random() < 0.3) await client.query("delete from cars where id = $1", [other]);
    const commits = Math.random() < 0.67;
    await client.query(commits ? "commit" : "rollback");
    if (commits) committed += 1;
  }
  client.release();
  return committed;
}

function someId(): number {
  return 1 + Math.floor(Math.random() * ids);
}

function changeOf(data: unknown, errors: unknown): Parameters<ShownCars["take"]>[0] {
  if (isResult(data)) return data.carChanged;
  throw new Error(`No change: ${JSON.stringify(errors)}`);
}

function isResult(data: unknown): data is { readonly carChanged: Parameters<ShownCars["take"]>[0] } {
  return typeof data === "object" && data !== null && "carChanged" in data && data.carChanged !== null;
}
