import { createServer } from "node:http";
import { inspect } from "node:util";
import { PGlite } from "@electric-sql/pglite";
import { buildSchema, GraphQLString } from "graphql";
import { PubSub } from "graphql-subscriptions";
import { Client, Pool } from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { command, createFanfare, createPublisher, FanfareError, shareable, subscription, topic } from "fanfare";
import { memoryBroker } from "fanfare/brokers/memory";
import { pubSubEngineBroker } from "fanfare/brokers/pubsub-engine";
import { groupHooks, GroupSubscriptions, ModelStreams, SubscriptionManager } from "fanfare/compat";
import { graphqlSubscriptions, graphqlTransportWs, graphqlWs } from "fanfare/dialects";
import { fetchHandler } from "fanfare/fetch";
import { model } from "fanfare/models";
import { createRelay } from "fanfare/relay";
import {
  installOutbox,
  outboxRemovalSql,
  outboxSql,
  postgresOutbox,
  publishInTransaction,
  uninstallOutbox,
} from "fanfare/sources/postgres-outbox";
import {
  installReplication,
  postgresReplication,
  replicationRemovalSql,
  replicationSql,
  uninstallReplication,
} from "fanfare/sources/postgres-replication";
import {
  brokerContract,
  dialectContract,
  fakeClock,
  socketContract,
  sourceContract,
  TestClient,
} from "fanfare/testing";

class Thing {
  readonly name = 1;
}

/** Values of every kind. Some are right in some places; none may fail in a way that names no option. */
const values: readonly unknown[] = [
  undefined,
  null,
  true,
  false,
  0,
  -1,
  1.5,
  Number.NaN,
  7n,
  "",
  "x",
  "https://a.example",
  Symbol("a"),
  [],
  [undefined],
  [null],
  [{}],
  ["x"],
  {},
  { x: 1 },
  new Thing(),
  new Date(0),
  new Map(),
  Promise.resolve({}),
  Object.create(null),
  function anything() {},
  Thing,
];

const schema = buildSchema("type Query { hi: String } type Subscription { news: String }");
const database = new PGlite();
const pool = new Pool({ host: "127.0.0.1", port: 1 });
const cars = { name: "cars", key: "id", columns: { id: "integer" } } as const;
const Car = model(cars, { name: "Car", fields: ["id"] });
const fanfare = createFanfare({ schema });
const publisher = createPublisher({ broker: memoryBroker() });
const server = createServer();
const silent = { describe: () => {}, it: () => {}, expect };

/** A public function, the right arguments, and the options that its last argument may have. */
interface Callable {
  readonly name: string;
  readonly call: (...given: readonly never[]) => unknown;
  readonly right: readonly unknown[];
  /** Options of an argument, by its index. */
  readonly options?: Readonly<Record<number, readonly string[]>>;
}

function callable(
  call: (...given: never[]) => unknown,
  right: readonly unknown[],
  options: Callable["options"] = {},
  name: string = call.name,
): Callable {
  return { name, call, right, options };
}

function words(text: string): readonly string[] {
  return text.split(" ");
}

const contract = { name: "x", create: () => memoryBroker(), open: () => Promise.reject(new Error("unused")) };
const hooks = "onConnect onOperation onSubscribe onUnsubscribe onDisconnect";
const transports = "dialects origin hosts refusal trustProxy perMessageDeflate";
const execution =
  "schema broker source models context sharedContext shareBy triggers formatError formatResponse limits";
const rest =
  "documentCache introspection strictRootField rules ordering keepAlive warnAfter linger slice execution log clock";

const functions: readonly Callable[] = [
  callable(createFanfare, [{ schema }], { 0: words(`${execution} ${rest} ${hooks} ${transports}`) }),
  callable(createPublisher, [{ broker: memoryBroker() }], { 0: words("broker clock") }),
  callable(publisher.publish.bind(publisher), ["x", 1, {}], { 2: words("id time") }, "publisher.publish"),
  callable(publisher.end.bind(publisher), ["x", {}], { 1: words("id time") }, "publisher.end"),
  callable(fanfare.attach.bind(fanfare), [server, { path: "/x" }], { 1: words("path http websocket") }, "attach"),
  callable(fanfare.listen.bind(fanfare), [{ port: 0 }], { 0: words("port path") }, "listen"),
  callable(fanfare.publish.bind(fanfare), ["x", 1, {}], { 2: words("id time transaction") }, "publish"),
  callable(fanfare.end.bind(fanfare), ["x"], {}, "end"),
  callable(
    fanfare.subscribe.bind(fanfare),
    [{ query: "{ hi }" }],
    { 0: words("query operationName variables extensions context limit") },
    "subscribe",
  ),
  callable(fanfare.accept.bind(fanfare), [{}, graphqlWs()], {}, "accept"),
  callable(subscription, [{ topics: () => ["x"] }], {
    0: words("topics match facets filter visible resolve resolveFor initial snapshot queue onUnsubscribe"),
  }),
  callable(topic, ["x", {}], { 1: words("name at") }),
  callable(topic("room", { name: String }), [{ name: "x" }], { 0: words("name") }, "a topic family"),
  callable(shareable, [() => 1]),
  callable(command, [() => 1]),
  callable(memoryBroker, [{}], { 0: words("history topics clock") }),
  callable(pubSubEngineBroker, [new PubSub(), {}], { 1: words("acrossProcesses clock") }),
  callable(graphqlWs, [{}], { 0: words("refusedCode echoComplete confirmation silent greeting succession") }),
  callable(graphqlTransportWs, [{}], { 0: words("echoComplete confirmation greeting pings answerInvalid") }),
  callable(graphqlSubscriptions, [{}], { 0: words("greeting") }),
  callable(fetchHandler, [fanfare, {}], { 1: words("address") }),
  callable(createRelay, [{ source: postgresOutbox({ client: database }), broker: memoryBroker() }], {
    0: words("source broker models whenReady clock log"),
  }),
  callable(model, [cars, { name: "Car", fields: ["id"] }], {
    0: words("name schema key columns"),
    1: words("name fields key prefix visible permissions payload hooks source initialLimit queue scalars clock log"),
  }),
  callable(Car.updated.bind(Car), [{}], { 0: words("argument required") }, "model.updated"),
  callable(postgresOutbox, [{ client: database }], {
    0: words("client tables install schema poll batch lease notify clock"),
  }),
  callable(installOutbox, [database, { tables: [] }], { 1: words("tables schema readers publishers notify") }),
  callable(uninstallOutbox, [database, {}], { 1: words("tables schema") }),
  callable(outboxSql, [{ tables: [] }], { 0: words("tables schema readers publishers notify") }),
  callable(outboxRemovalSql, [{}], { 0: words("tables schema") }),
  callable(publishInTransaction, [{ query: async () => ({ rows: [] }) }, { topic: "x", payload: 1 }, {}], {
    1: words("topic payload id"),
    2: words("schema"),
  }),
  callable(postgresReplication, [{ client: pool, connect: () => new Client(), tables: ["cars"] }], {
    0: words("client connect tables slot publication schema batch lease unboundedSlot name clock log"),
  }),
  callable(installReplication, [pool, { tables: [] }], { 1: words("tables schema publication") }),
  callable(uninstallReplication, [pool, {}], { 1: words("schema publication slots") }),
  callable(replicationSql, [{ tables: [] }], { 0: words("tables schema publication") }),
  callable(replicationRemovalSql, [{}], { 0: words("schema publication slots") }),
  callable(
    (...given) => Reflect.construct(TestClient, given),
    [fanfare, {}],
    {
      1: words("dialect headers address patience"),
    },
    "TestClient",
  ),
  callable(fakeClock, [0]),
  callable(brokerContract, [silent, { ...contract, supports: {} }], {
    1: words("name supports create breakLink forget loseTail short fences patience excuses"),
  }),
  callable(socketContract, [silent, contract], { 1: words("name open patience excuses") }),
  callable(sourceContract, [silent, contract], { 1: words("name open overlapping patience excuses") }),
  callable(dialectContract, [silent, contract], { 1: words("name create subscribe read transcript excuses") }),
  callable(
    (...given) => Reflect.construct(SubscriptionManager, given),
    [{ fanfare }],
    {
      0: words("subscriptions log fanfare schema pubsub setupFunctions"),
    },
    "SubscriptionManager",
  ),
  callable(
    (...given) => Reflect.construct(ModelStreams, given),
    [{}],
    {
      0: words("owner permits channels log"),
    },
    "ModelStreams",
  ),
  callable(
    (...given) => new ModelStreams().subscription(given[0] ?? Car, given[1] ?? { stream: "x" }),
    [Car, { stream: "x" }],
    {
      1: words("stream label names changes description"),
    },
    "ModelStreams.subscription",
  ),
  callable(
    (...given) => Reflect.construct(GroupSubscriptions, given),
    [{ fields: { news: { type: GraphQLString, groups: () => [] } } }],
    { 0: words("fields permit spelling") },
    "GroupSubscriptions",
  ),
  callable(groupHooks, ["Car"]),
];

const codes = ["BAD_OPTION", "BAD_DECLARATION"];

/** Calls a function with each wrong value in each place; gives the failures that are raw. */
async function rawFailures({ call, right, options = {} }: Callable): Promise<readonly string[]> {
  const raw: string[] = [];
  const attempt = async (place: string, given: readonly unknown[]): Promise<void> => {
    try {
      await dispose(await Reflect.apply(call, undefined, given));
    } catch (error) {
      const isTold = error instanceof FanfareError && (codes.includes(error.code) || error.code.startsWith("SOURCE_"));
      if (!isTold) raw.push(`${place}: ${String(error)}`);
    }
  };
  for (const value of values) {
    for (const index of right.keys()) await attempt(`${index}=${inspect(value)}`, right.with(index, value));
    for (const [index, names] of Object.entries(options)) {
      const whole = right[Number(index)];
      for (const name of names) {
        const changed = { ...Object(whole), [name]: value };
        await attempt(`${name}=${inspect(value)}`, right.with(Number(index), changed));
      }
    }
  }
  return raw;
}

async function dispose(made: unknown): Promise<void> {
  if (typeof made !== "object" || made === null) return;
  for (const end of [Symbol.asyncDispose, Symbol.dispose]) {
    const disposal: unknown = Reflect.get(made, end);
    if (typeof disposal === "function") await Reflect.apply(disposal, made, []);
  }
}

describe("With values of every kind for each of its arguments and options,", () => {
  afterAll(async () => {
    await publisher[Symbol.asyncDispose]();
    await fanfare[Symbol.asyncDispose]();
    await database.close();
    await pool.end();
  });

  it.each(functions)("$name fails only by telling what is wrong", async (one) => {
    expect(await rawFailures(one)).toEqual([]);
  });
});
