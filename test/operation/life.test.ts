import { GraphQLString, parse, subscribe, type GraphQLSchema } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, silentLog, type Fanfare, type OperationContext, type OperationHandle } from "fanfare";
import { memoryBroker } from "fanfare/brokers/memory";
import type { SubscriptionOptions } from "fanfare/declare";
import type { Broker } from "fanfare/contract";
import { turns } from "fanfare/testing";
import { chatSchema, message, room, tools, type Message } from "../server/chat.ts";
import { connected } from "../server/connected.ts";

const lobby = room({ room: "lobby" });
const attic = room({ room: "attic" });
const query = "subscription { said }";

type Said = Partial<SubscriptionOptions<{ user?: string }, object, Message, string>>;

function schemaOf(said: Said): GraphQLSchema {
  const declared = tools.subscription<object, Message, string>({
    topics: () => [lobby],
    resolve: ({ text }) => text,
    ...said,
  });
  return chatSchema({ said: { type: GraphQLString, ...declared } });
}

/** What one operation hears: values of its field, one after the other. */
interface Hearing extends AsyncDisposable {
  next(): Promise<unknown>;
}

/** An operation of each kind. */
const kinds: readonly (readonly [string, (fanfare: Fanfare, schema: GraphQLSchema) => Promise<Hearing>])[] = [
  [
    "of a session",
    async (fanfare) => {
      const client = await connected(fanfare);
      const id = await client.subscribe(query);
      return {
        next: async () => saidIn(await client.receiveNext(id)),
        [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
      };
    },
  ],
  ["in the same process", async (fanfare) => hearing(await fanfare.subscribe({ query }))],
  [
    "of another executor",
    async (_fanfare, schema) => {
      const results = await subscribe({ schema, document: parse(query), contextValue: {} });
      if (Symbol.asyncIterator in results) return hearing(results);
      throw new AggregateError(results.errors ?? []);
    },
  ],
];

function hearing(results: AsyncIterator<unknown>): Hearing {
  return {
    next: async () => saidIn((await results.next()).value),
    [Symbol.asyncDispose]: async () => void (await results.return?.()),
  };
}

function saidIn(result: unknown): unknown {
  return JSON.parse(JSON.stringify(result)).data.said;
}

describe.each(kinds)("An operation %s", (_kind, open) => {
  it("hides an event whose `visible` answers with a promise, whatever that will say", async () => {
    const asked: string[] = [];
    const answers = new Map<string, () => unknown>([
      ["yes", () => Promise.resolve(true)],
      ["late", () => Promise.reject(new Error("late"))],
    ]);
    const said: Said = {};
    // As plain JavaScript may answer, which no compiler checks.
    Reflect.set(said, "visible", ({ text }: Message) => {
      asked.push(text);
      return answers.get(text)?.() ?? true;
    });
    const schema = schemaOf(said);
    await using fanfare = createFanfare({ schema, log: silentLog });
    await using heard = await open(fanfare, schema);
    for (const text of ["yes", "late", "shown"]) await fanfare.publish(lobby, message(text));
    expect(await heard.next()).toBe("shown");
    expect(asked).toEqual(["yes", "late", "shown"]);
  });
});

describe.each(kinds)("A `join` that fails, of an operation %s,", (_kind, open) => {
  it("can be tried again, and then the topic is heard", async () => {
    const broker = new RefusingBroker();
    let handle: OperationHandle | undefined;
    const schema = schemaOf({
      topics: (_args: object, { operation }: OperationContext) => {
        handle = operation;
        return [lobby];
      },
    });
    await using fanfare = createFanfare({ schema, broker: broker.broker, log: silentLog });
    await using heard = await open(fanfare, schema);
    broker.refuses = attic.name;
    await expect(handle?.join(attic)).rejects.toMatchObject({ code: "BROKER_UNAVAILABLE" });
    broker.refuses = undefined;
    await handle?.join(attic);
    await fanfare.publish(attic, message("from the attic"));
    await turns(2);
    expect(await heard.next()).toBe("from the attic");
  });
});

/** A broker that cannot subscribe to one topic. */
class RefusingBroker {
  refuses: string | undefined;
  readonly broker: Broker;

  constructor() {
    const inner = memoryBroker();
    this.broker = {
      supports: inner.supports,
      open: (sink, signal) => inner.open(sink, signal),
      subscribe: async (topics) => {
        if (this.refuses !== undefined && topics.includes(this.refuses)) throw new Error("not now");
        return inner.subscribe(topics);
      },
      unsubscribe: (topics) => inner.unsubscribe(topics),
      publish: (events, fence) => inner.publish(events, fence),
      [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
    };
  }
}
