import { GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import { createFanfare } from "fanfare";
import type { Source } from "fanfare/contract";
import { model } from "fanfare/models";
import type { PostgresServer } from "../../test/servers/postgres.ts";
import type { Variant } from "./variant.ts";
import { carsTable, write } from "./writers.ts";

const Car = model(
  {
    name: "cars",
    key: ["id"],
    columns: {
      id: "integer",
      make: "text",
      model: "text",
      year: "integer",
      updatedAt: { name: "updated_at", type: "timestamptz" },
    },
  },
  { name: "Car", fields: ["id", "make", "model", "year", "updatedAt"] },
);
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: "Query", fields: { hi: { type: GraphQLString } } }),
  subscription: new GraphQLObjectType({ name: "Subscription", fields: Car.subscriptions }),
});

export interface Throughput {
  /** Changes a second, of those that had piled up while nobody read. */
  readonly backlog: number;
  /** Changes a second that were committed while they were read, and how many seconds the reader was behind at the end. */
  readonly live: number;
  readonly behind: number;
}

/** From committed rows to one subscriber in this process, which gets every field of every change. */
export async function throughput(
  server: PostgresServer,
  variant: Variant,
  { changes, seconds }: { readonly changes: number; readonly seconds: number },
): Promise<Throughput | undefined> {
  if (!variant.source) return undefined;
  const database = `throughput_${variant.name}`;
  await server.psql(`create database ${database}`);
  const pool = server.pool({ database });
  await pool.query(carsTable);
  await variant.install(pool);
  const source = variant.source(pool, server, database);

  // A slot keeps what is committed after a source has led for the first time.
  await using first = await subscriber(source);
  await first[Symbol.asyncDispose]();
  for (let left = changes; left > 0; left -= 1000) {
    await pool.query("insert into cars (make, model) select 'Fiat', 'Panda' from generate_series(1, 1000)");
  }
  const began = performance.now();
  await using reader = await subscriber(source);
  await reader.until(changes);
  const backlog = changes / ((performance.now() - began) / 1000);

  const from = reader.count;
  const started = performance.now();
  const { count: transactions } = await write(server, { database, statement: "update ten", clients: 8, seconds });
  const count = transactions * 10;
  const written = performance.now();
  await reader.until(from + count);
  const ended = performance.now();
  await reader[Symbol.asyncDispose]();
  await source[Symbol.asyncDispose]();
  await pool.end();
  return { backlog, live: count / ((ended - started) / 1000), behind: (ended - written) / 1000 };
}

async function subscriber(source: Source) {
  const fanfare = createFanfare({ schema, source });
  const query =
    "subscription { carChanged { action id changed before { year } after { id make model year updatedAt } } }";
  const results = await fanfare.subscribe({ query, limit: 1_000_000 });
  await fanfare.relay?.started;
  const state = { count: 0, wake: Promise.withResolvers<void>() };
  const reading = (async () => {
    for await (const { errors } of results) {
      if (errors) throw new Error(JSON.stringify(errors));
      state.count += 1;
      if (state.count % 100 === 0) state.wake.resolve();
    }
  })();
  return {
    get count() {
      return state.count;
    },
    async until(count: number): Promise<void> {
      while (state.count < count) {
        await Promise.race([state.wake.promise, new Promise((resolve) => setTimeout(resolve, 5)), reading]);
        state.wake = Promise.withResolvers();
      }
    },
    async [Symbol.asyncDispose]() {
      await fanfare[Symbol.asyncDispose]();
      await reading;
    },
  };
}
