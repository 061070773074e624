import { GraphQLInt, GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import { createFanfare, silentLog, subscription, type Fanfare, type FanfareOptions } from "fanfare";
import type { SubscriptionOptions } from "fanfare/declare";
import { turns, type TestClient } from "fanfare/testing";

export interface Tick {
  readonly n: number;
  readonly key?: string;
  readonly text?: string;
}

type Declared = Partial<SubscriptionOptions<object, object, Tick, Tick>>;

const tickType = new GraphQLObjectType({
  name: "Tick",
  fields: { n: { type: GraphQLInt }, key: { type: GraphQLString }, text: { type: GraphQLString } },
});

/** A schema of subscription fields, each of which hears the topic that is called like it. */
export function tickSchema(fields: Readonly<Record<string, Declared>>): GraphQLSchema {
  const declared = Object.entries(fields).map(([name, more]) => [
    name,
    { type: tickType, ...subscription<object, object, Tick>({ topics: () => [name], ...more }) },
  ]);
  return new GraphQLSchema({
    query: new GraphQLObjectType({ name: "Query", fields: { hi: { type: GraphQLString, resolve: () => "hello" } } }),
    subscription: new GraphQLObjectType({ name: "Subscription", fields: Object.fromEntries(declared) }),
  });
}

/** A server of such fields. */
export function tickServer(fields: Readonly<Record<string, Declared>>, options: Partial<FanfareOptions> = {}): Fanfare {
  return createFanfare({ schema: tickSchema(fields), log: silentLog, ...options });
}

/** A function of an application that fails. */
export function failing(message: string): () => never {
  return () => {
    throw new Error(message);
  };
}

/** Publishes ticks by their numbers, each in a turn of its own. */
export async function publishTicks(
  fanfare: Fanfare,
  topic: string,
  ...ticks: readonly (number | Tick)[]
): Promise<void> {
  for (const tick of ticks) {
    await fanfare.publish(topic, typeof tick === "number" ? { n: tick } : tick);
    await turns(2);
  }
}

/**
 * Takes the results that have come for an operation. A result in short: its number, and behind it what it was told:
 * `3`, `4 gap overflow`, `5 conflated 2`.
 */
export async function shortResults(client: TestClient, id: string, count: number): Promise<readonly string[]> {
  const results: string[] = [];
  while (results.length < count) results.push(short(await client.receiveNext(id)));
  return results;
}

interface TickResult {
  readonly data?: Readonly<Record<string, Tick>>;
  readonly extensions?: {
    readonly fanfare?: { readonly gap?: { readonly reason: string }; readonly conflated?: number };
  };
}

function short(payload: unknown): string {
  if (!isTickResult(payload)) throw new TypeError(`Not a result: ${JSON.stringify(payload)}`);
  const [tick] = Object.values(payload.data ?? {});
  const { gap, conflated } = payload.extensions?.fanfare ?? {};
  return [tick?.n, gap && `gap ${gap.reason}`, conflated && `conflated ${conflated}`].filter(Boolean).join(" ");
}

function isTickResult(payload: unknown): payload is TickResult {
  return typeof payload === "object" && payload !== null && "data" in payload;
}
