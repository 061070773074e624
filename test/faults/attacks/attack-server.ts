// A server with its limits as they are and a small heap, in a process of its own, which attacks are tried on.
import { setFlagsFromString } from "node:v8";
import {
  GraphQLInputObjectType,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
} from "graphql";
import { createFanfare, declare } from "fanfare";
import { answer } from "../child.ts";
import { Observer, type Observed } from "../observed.ts";

setFlagsFromString("--max-old-space-size=512");

interface Said {
  readonly text: string;
}

const { subscription, topic } = declare();
const room = topic("room", { name: String }).of<Said>();
const text = { type: GraphQLString };
const name = { type: new GraphQLNonNull(GraphQLString) };
const names = { type: new GraphQLNonNull(new GraphQLList(name.type)) };
const Box = new GraphQLInputObjectType({ name: "Box", fields: { size: { type: GraphQLInt } } });
const boxes = { type: new GraphQLList(Box) };

const Said = new GraphQLObjectType<Said>({ name: "Said", fields: { text } });
/** A resolver of an application, which is not declared shareable: each viewer has executions of its own. */
const Own = new GraphQLObjectType<Said>({
  name: "Own",
  fields: { text: { type: GraphQLString, resolve: (said) => said.text } },
});

const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: "Query",
    fields: {
      hi: { type: GraphQLString, resolve: () => "hello" },
      add: { type: GraphQLInt, args: { a: { type: GraphQLInt } }, resolve: (_source, { a }) => Number(a) + 1 },
    },
  }),
  subscription: new GraphQLObjectType({
    name: "Subscription",
    fields: {
      said: {
        type: Said,
        args: { room: name, note: text },
        ...subscription({ topics: ({ room: of }: { room: string; note?: string }) => [room({ name: of })] }),
      },
      own: {
        type: Own,
        args: { room: name, boxes },
        ...subscription({ topics: ({ room: of }: { room: string; boxes?: object[] }) => [room({ name: of })] }),
      },
      rooms: {
        type: Said,
        args: { names },
        ...subscription({ topics: ({ names: all }: { names: string[] }) => all.map((of) => room({ name: of })) }),
      },
      rows: {
        type: Said,
        args: { count: { type: new GraphQLNonNull(GraphQLInt) } },
        ...subscription<{ count: number }, Said>({
          topics: () => [room({ name: "rows" })],
          snapshot: ({ count }) => ({
            events: Array.from({ length: count }, (_, index) => ({ text: String(index) })),
            includes: () => false,
          }),
        }),
      },
      endless: {
        type: GraphQLString,
        async *subscribe() {
          for (;;) yield { endless: "again" };
        },
      },
    },
  }),
});

const observer = new Observer();
const { broker, log } = observer;
const fanfare = createFanfare({ schema, broker, log, linger: 0, warnAfter: Infinity, trustProxy: 1 });
const { port } = await fanfare.listen({ port: 0 });

const answers = {
  port: (): number => port,
  observed: (): Observed => observer.observed(),

  publish: (to: string, characters: number): Promise<void> =>
    fanfare.publish(room({ name: to }), { text: "x".repeat(characters) }),

  /** Bytes of JavaScript's heap after a full collection. */
  heap(): number {
    for (let time = 0; time < 2; time += 1) globalThis.gc?.();
    return process.memoryUsage().heapUsed;
  },
};

export type AttackServerAnswers = typeof answers;

answer(answers);
process.once("disconnect", () => process.exit());
