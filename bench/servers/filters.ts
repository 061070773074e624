// A model's subscriptions without sockets, each with a filter of its own, and changes of which each concerns one.
import { GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import { createFanfare } from "fanfare";
import { model, tableTopic, type ChangePayload } from "fanfare/models";
import { answer } from "../channel.ts";
import { usage } from "../usage.ts";

/** What the filters compare: the row's key, or one of its other columns in a `where`. */
export type FilteredBy = "id" | "where";

const queries: Readonly<Record<FilteredBy, string>> = {
  id: "subscription ($value: ID!) { carChanged(id: $value) { action after { make } } }",
  where: "subscription ($value: String!) { carChanged(where: { make: { eq: $value } }) { action after { make } } }",
};

const Car = model(
  { name: "cars", key: ["id"], columns: { id: "integer", make: "text", year: "integer" } },
  { name: "Car", fields: ["id", "make", "year"] },
);
const Query = new GraphQLObjectType({ name: "Query", fields: { hi: { type: GraphQLString } } });
const subscription = new GraphQLObjectType({ name: "Subscription", fields: Car.subscriptions });
const fanfare = createFanfare({ schema: new GraphQLSchema({ query: Query, subscription }) });
const cars = tableTopic({ schema: "public", name: "cars" });

let subscriptions = 0;
let delivered = 0;
let changes = 0;

async function subscribe(by: FilteredBy, count: number): Promise<void> {
  for (; subscriptions < count; subscriptions += 1) {
    const value = by === "id" ? String(subscriptions) : `make ${subscriptions}`;
    void read(await fanfare.subscribe({ query: queries[by], variables: { value } }));
  }
}

async function read(results: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of results) delivered += 1;
}

/** Publishes changes one at a time; answers the CPU seconds, and how many results they gave. */
async function publish(count: number): Promise<{ readonly cpu: number; readonly delivered: number }> {
  const [before, deliveredBefore] = [usage(), delivered];
  for (let index = 0; index < count; index += 1) await fanfare.publish(cars, change());
  await deliveries(deliveredBefore + count);
  // What the changes leave behind counts. Without this its collection comes within the time, or after it, by chance.
  globalThis.gc?.({ type: "minor" });
  return { cpu: usage().cpu - before.cpu, delivered: delivered - deliveredBefore };
}

async function deliveries(count: number): Promise<void> {
  const wait = (done: () => void): unknown => (delivered >= count ? done() : setImmediate(wait, done));
  await new Promise<void>(wait);
}

function change(): ChangePayload {
  changes += 1;
  const row = changes % subscriptions;
  const before = { id: String(row), make: `make ${row}`, year: String(changes) };
  const after = { ...before, year: String(changes + 1) };
  return { action: "UPDATED", before, after, moved: false, at: changes, transaction: String(changes) };
}

const controls = { subscribe, publish };
export type FilterControls = typeof controls;
answer(controls);
