import { GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, silentLog } from "fanfare";
import { model } from "fanfare/models";
import { BareClient, type ServerMessage } from "../faults/bare-client.ts";
import { until } from "../faults/until.ts";
import { carSources } from "./car-source.ts";
import { PostgresServer } from "../servers/postgres.ts";

/** The number of rows in the transaction; `FANFARE_RUNS=20` makes it a hundred thousand. */
const rows = 5_000 * Number(process.env["FANFARE_RUNS"] ?? "1");

/** Selections by how an event is executed: once for all members, or for each member with an async context. */
const selections = {
  shared: "carCreated { id make }",
  private: "carCreated { id make own }",
};

describe.each(carSources)("A transaction of $name with many rows", ({ settings, open }) => {
  it("reaches every reading client, each row once and in order", { timeout: 600_000 }, async () => {
    await using server = await PostgresServer.open({ settings });
    const pool = server.pool({ max: 10 });
    await pool.query("create table cars (id integer primary key, make text); alter table cars replica identity full");
    await using source = await open(server, pool);
    const Car = model(
      { name: "cars", key: ["id"], columns: { id: "integer", make: "text" } },
      { name: "Car", fields: ["id", "make"], source },
    );
    // A resolver of the application that is not declared shareable.
    const fields = Car.type.getFields();
    Reflect.set(fields, "own", Object.assign({}, fields["make"], { name: "own", resolve: () => "mine" }));
    const query = new GraphQLObjectType({ name: "Query", fields: { hi: { type: GraphQLString } } });
    const subscription = new GraphQLObjectType({ name: "Subscription", fields: Car.subscriptions });
    await using fanfare = createFanfare({
      schema: new GraphQLSchema({ query, subscription }),
      source,
      log: silentLog,
      context: async () => ({}),
    });
    await fanfare.relay?.started;
    const { port } = await fanfare.listen({ port: 0 });
    using stack = new DisposableStack();
    const readers: Reader[] = [];
    for (const selection of Object.values(selections)) {
      for (let count = 0; count < 2; count += 1) readers.push(stack.use(await Reader.open(port, selection)));
    }
    await pool.query("insert into cars values (0, 'first')");
    await heardAll(readers, 1);
    await pool.query("insert into cars select n, 'Skoda' from generate_series(1, $1::int) n", [rows]);
    await heardAll(readers, rows + 1);
    expect(readers.flatMap(({ wrong }) => wrong ?? [])).toEqual([]);
  });
});

/** A reading client, which checks that it gets each row in order. */
class Reader implements Disposable {
  heard = 0;
  wrong: string | undefined;
  #client: BareClient | undefined;

  static async open(port: number, selection: string): Promise<Reader> {
    const reader = new Reader();
    const client = await BareClient.ready(port, { onMessage: (message) => reader.#take(message) });
    reader.#client = client;
    client.subscribe("1", `subscription { ${selection} }`);
    await client.handled();
    return reader;
  }

  [Symbol.dispose](): void {
    this.#client?.[Symbol.dispose]();
  }

  #take(message: ServerMessage): void {
    const text = JSON.stringify(message);
    if (text.includes(`{"carCreated":{"id":"${this.heard}",`)) this.heard += 1;
    else this.wrong ??= `After ${this.heard} came ${text}`;
  }
}

async function heardAll(readers: readonly Reader[], count: number): Promise<void> {
  let before = -1;
  for (;;) {
    const sum = readers.reduce((total, { heard }) => total + heard, 0);
    const isOver = readers.every(({ heard, wrong }) => heard === count || wrong !== undefined);
    if (isOver) return;
    if (sum === before) throw new Error(`Nothing came any more after ${readers.map(({ heard }) => heard).join()}`);
    before = sum;
    // The timeout counts from the last row.
    await until(
      () => readers.reduce((total, { heard }) => total + heard, 0) > before,
      () => `more rows than ${readers.map(({ heard }) => heard).join()}`,
    );
  }
}
