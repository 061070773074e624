// A server in a process of its own whose fields are executed in every way there is, driven by a test.
import { subscribe } from "node:diagnostics_channel";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { GraphQLInt, GraphQLObjectType, GraphQLSchema, GraphQLString, type GraphQLFieldConfig } from "graphql";
import { createFanfare, declare, shareable, silentLog } from "fanfare";
import { answer } from "./child.ts";

interface Tick {
  readonly n: number;
  readonly key: string;
}

const { subscription, topic } = declare<object>();
const ticks = topic("ticks", { field: String }).of<Tick>();
const number = { type: GraphQLInt };
const ownKey = { type: GraphQLString, resolve: (tick: Tick) => tick.key };

const walked = new GraphQLObjectType({ name: "Walked", fields: { n: number, key: { type: GraphQLString } } });
const shared = new GraphQLObjectType({
  name: "Shared",
  // A promise is more than the walk takes on, so graphql-js executes this, once for everybody.
  fields: { n: number, key: { type: GraphQLString, resolve: shareable(async (tick: Tick) => tick.key) } },
});
const own = new GraphQLObjectType({ name: "Own", fields: { n: number, key: ownKey } });
const types = { walked, shared, private: own, async: own };

export type BurstField = keyof typeof types;

function fieldOf(field: BurstField): GraphQLFieldConfig<unknown, object> {
  const declared = subscription<object, Tick>({
    topics: () => [ticks({ field })],
    ...(field === "async" && { filter: async () => true }),
  });
  return { type: types[field], ...declared };
}

const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: "Query", fields: { hi: { type: GraphQLString, resolve: () => "hello" } } }),
  subscription: new GraphQLObjectType({
    name: "Subscription",
    fields: {
      walked: fieldOf("walked"),
      shared: fieldOf("shared"),
      private: fieldOf("private"),
      async: fieldOf("async"),
    },
  }),
});

let running = 0;
subscribe("fanfare:operation.started", () => (running += 1));
subscribe("fanfare:operation.ended", () => (running -= 1));
const fanfare = createFanfare({ schema, log: silentLog, warnAfter: Infinity });
const { port } = await fanfare.listen({ port: 0 });
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();

const answers = {
  port: (): number => port,
  running: (): number => running,

  /** Publishes so many events, all of them in one turn of the event loop, numbered on from `after`. */
  burst(field: BurstField, events: number, after: number = 0, textBytes: number = 0): void {
    delay.reset();
    const key = "x".repeat(textBytes);
    for (let n = after + 1; n <= after + events; n += 1) void fanfare.publish(ticks({ field }), { n, key });
  },

  /** Publishes so many events, the next one when the one before was published. */
  async stream(field: BurstField, events: number): Promise<void> {
    for (let n = 1; n <= events; n += 1) await fanfare.publish(ticks({ field }), { n, key: "" });
  },

  /** The longest turn since the burst, in milliseconds. */
  longestTurn: (): number => delay.max / 1e6,

  memory(): number {
    globalThis.gc?.();
    globalThis.gc?.();
    return process.memoryUsage().heapUsed;
  },
};

export type BurstAnswers = typeof answers;

answer(answers);
process.once("disconnect", () => process.exit());
