// A process in which each function of an application, one after the other, is an async one that rejects. It answers
// with the functions whose rejection nobody heard: without this program's own listener, that would have ended it.
import { GraphQLList, GraphQLObjectType, GraphQLSchema, GraphQLString, type GraphQLFieldConfig } from "graphql";
import { createFanfare, shareable, subscription } from "fanfare";
import { TestClient, turns } from "fanfare/testing";
import { answer } from "./child.ts";

const rejecting = async (): Promise<never> => {
  throw new Error("not here");
};

/** A server in which one function rejects. */
interface Case {
  readonly field?: Partial<GraphQLFieldConfig<unknown, object>>;
  readonly declaration?: object;
  readonly options?: object;
}

const snapshot = (more: () => object) => ({
  snapshot: () => ({ events: [{ text: "first" }], includes: () => false, ...more() }),
});

const cases: Readonly<Record<string, Case>> = {
  ...Object.fromEntries(
    ["topics", "match", "filter", "visible", "resolve", "resolveFor", "initial", "snapshot", "onUnsubscribe"].map(
      (name) => [name, { declaration: { [name]: rejecting } }],
    ),
  ),
  facets: { declaration: { facets: rejecting, match: () => ({ text: "one" }) } },
  "an element of topics": { declaration: { topics: () => [rejecting()] } },
  "a value of match": { declaration: { match: () => ({ text: rejecting() }) } },
  "the events of a snapshot": { declaration: snapshot(() => ({ events: rejecting() })) },
  "an event of a snapshot": { declaration: snapshot(() => ({ events: [rejecting()] })) },
  "includes of a snapshot": { declaration: snapshot(() => ({ includes: rejecting })) },
  "key of a queue": { declaration: { queue: { messages: 1, overflow: "latest", key: rejecting } } },
  "a shareable resolver": { field: { resolve: shareable(rejecting) } },
  "a resolver": { field: { resolve: rejecting } },
  "a source": { field: { subscribe: rejecting } },
  "the next of a source": { field: { subscribe: () => ({ [Symbol.asyncIterator]: () => ({ next: rejecting }) }) } },
  "the return of a source": {
    field: {
      subscribe: () => ({
        [Symbol.asyncIterator]: () => ({
          next: () => turns(1).then(() => ({ value: { posted: {} } })),
          return: rejecting,
        }),
      }),
    },
  },
  "a trigger": { options: { triggers: { posted: rejecting } } },
  "an entry of a trigger": { options: { triggers: { posted: () => ({ posts: rejecting() }) } } },
  "a filter of a trigger": { options: { triggers: { posted: () => ({ posts: { filter: () => rejecting() } }) } } },
  "a filter with the context": {
    options: {
      triggers: { posted: () => ({ posts: { filter: (_event: unknown, _context: unknown) => rejecting() } }) },
    },
  },
  ...Object.fromEntries(
    ["context", "sharedContext", "onConnect", "onOperation", "onSubscribe", "onDisconnect"].map((name) => [
      name,
      { options: { [name]: rejecting }, declaration: {} },
    ]),
  ),
  "onUnsubscribe of the server": { options: { onUnsubscribe: rejecting }, declaration: {} },
  shareBy: { options: { shareBy: rejecting }, field: { resolve: () => ({}) } },
  formatError: { options: { formatError: rejecting }, field: { resolve: rejecting } },
  formatResponse: { options: { formatResponse: rejecting }, declaration: {} },
  log: { options: { log: { debug: rejecting, warn: rejecting, error: rejecting } }, field: { resolve: rejecting } },
};

/** The names of functions whose rejection nobody heard. */
async function unheard(): Promise<readonly string[]> {
  const found = new Set<string>();
  let current = "";
  const note = (): void => void found.add(current);
  process.on("unhandledRejection", note).on("uncaughtException", note);
  for (const [name, each] of Object.entries(cases)) {
    current = name;
    await run(each);
  }
  process.off("unhandledRejection", note).off("uncaughtException", note);
  return [...found];
}

const silent = { warn: () => undefined, error: () => undefined };

/** Two clients subscribe and leave; between that, there are events, also for a client that reads nothing. */
async function run({ field = {}, declaration, options = {} }: Case): Promise<void> {
  const schema = schemaWith({
    ...(declaration && subscription(Object.assign({ topics: () => ["posts"] }, declaration))),
    ...field,
  });
  await using fanfare = createFanfare(Object.assign({ schema, log: silent }, options));
  const clients = [new TestClient(fanfare), new TestClient(fanfare)];
  for (const client of clients) {
    client.send({ type: "connection_init" });
    await turns(5);
    client.start("subscription { posted { text late } }");
    client.start("{ hi { text late } }");
    await turns(5);
  }
  clients[0]?.pause();
  for (const text of ["one", "two", "three"]) {
    for (const topic of ["posts", "posted"]) await fanfare.publish(topic, { text, posted: { text } });
    await turns(5);
  }
  clients[0]?.resume();
  await turns(5);
  for (const client of clients) await client[Symbol.asyncDispose]();
  await turns(5);
}

function schemaWith(field: Partial<GraphQLFieldConfig<unknown, object>>): GraphQLSchema {
  const type = new GraphQLObjectType({
    name: "Post",
    fields: { text: { type: GraphQLString }, late: { type: GraphQLString, resolve: shareable(async () => "late") } },
  });
  return new GraphQLSchema({
    query: new GraphQLObjectType({
      name: "Query",
      fields: { hi: { type: new GraphQLList(type), resolve: () => [rejecting()] } },
    }),
    subscription: new GraphQLObjectType({ name: "Subscription", fields: { posted: { type, ...field } } }),
  });
}

answer({ unheard, names: () => Object.keys(cases) });
export type RejectingAnswers = { readonly unheard: typeof unheard; readonly names: () => readonly string[] };
