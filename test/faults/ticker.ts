import {
  GraphQLInt,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  type GraphQLFieldConfig,
} from "graphql";
import { declare } from "fanfare";
import type { QueueOptions } from "fanfare/declare";

/** The payload of every event. */
export interface Tick {
  /** Counts the events of a room. */
  readonly n: number;
  readonly key: string;
  readonly text: string;
}

const { subscription, topic } = declare();

export const room = topic("room", { name: String }).of<Tick>();

type Field = GraphQLFieldConfig<unknown, unknown>;

function tickWith(held: Field): GraphQLObjectType {
  return new GraphQLObjectType({
    name: "Tick",
    fields: {
      n: { type: new GraphQLNonNull(GraphQLInt) },
      key: { type: GraphQLString },
      text: { type: GraphQLString },
      held,
    },
  });
}

function ticks(
  tick: GraphQLObjectType,
  queue?: Omit<QueueOptions, "key"> & { readonly key?: (event: Tick) => string },
): Field {
  return {
    type: tick,
    args: { room: { type: new GraphQLNonNull(GraphQLString) } },
    ...subscription({
      topics: ({ room: name }: { room: string }) => [room({ name })],
      ...(queue && { queue }),
    }),
  };
}

/** A result of any length, so that one client can fill every buffer between the server and itself. */
const text: Field = {
  type: GraphQLString,
  args: { bytes: { type: new GraphQLNonNull(GraphQLInt) } },
  resolve: (_source, { bytes }) => Buffer.alloc(Number(bytes), "x").toString("latin1"),
};

/**
 * Subscriptions of each overflow policy, beside fields of every kind.
 *
 * @param hold what the fields called `held` wait for.
 */
export function tickerSchema(hold: () => Promise<string> = async () => "let go"): GraphQLSchema {
  const held: Field = { type: GraphQLString, resolve: hold };
  const tick = tickWith(held);
  return new GraphQLSchema({
    query: new GraphQLObjectType({
      name: "Query",
      fields: {
        hi: { type: GraphQLString, resolve: () => "hello" },
        add: {
          type: GraphQLInt,
          args: { a: { type: new GraphQLNonNull(GraphQLInt) } },
          resolve: (_source, { a }) => Number(a) + 1,
        },
        text,
        held,
      },
    }),
    mutation: new GraphQLObjectType({
      name: "Mutation",
      fields: { touch: { type: GraphQLString, resolve: () => "touched" } },
    }),
    subscription: new GraphQLObjectType({
      name: "Subscription",
      fields: {
        ticks: ticks(tick),
        state: ticks(tick, { messages: 1, overflow: "latest" }),
        latest: ticks(tick, { overflow: "latest", key: (event) => event.key }),
        dropOldest: ticks(tick, { overflow: "drop-oldest" }),
        dropNewest: ticks(tick, { overflow: "drop-newest" }),
      },
    }),
  });
}
