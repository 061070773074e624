import { createServer } from "node:http";
import { PGlite } from "@electric-sql/pglite";
import express from "express";
import fastify from "fastify";
import { buildSchema, parse, printSchema } from "graphql";
import { PubSub } from "graphql-subscriptions";
import { Client, Pool } from "pg";
import { describe, expect, it } from "vitest";
import * as fanfareModule from "fanfare";
import { createFanfare, createPublisher, subscription, topic } from "fanfare";
import { memoryBroker } from "fanfare/brokers/memory";
import { pubSubEngineBroker } from "fanfare/brokers/pubsub-engine";
import { graphqlWs } from "fanfare/dialects";
import { fetchHandler } from "fanfare/fetch";
import { model } from "fanfare/models";
import { createRelay } from "fanfare/relay";
import { installOutbox, outboxSql, postgresOutbox } from "fanfare/sources/postgres-outbox";
import { installReplication, postgresReplication } from "fanfare/sources/postgres-replication";
import { fakeClock, TestClient } from "fanfare/testing";

const schema = buildSchema("type Query { hi: String } type Subscription { news: String }");
const news = topic("news");
const room = topic("room", { name: String });
const url = "postgres://alice:secret@db.example.com/cars";
const cars = { name: "cars", key: "id", columns: { id: "integer" } };
const Car = Reflect.apply(model, undefined, [cars, { name: "Car", fields: ["id"] }]);

/** Calls a function as plain JavaScript may; resolves with what it throws or rejects with. */
async function mistake(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error("It was allowed");
}

type Mistake = readonly [given: string, call: () => unknown, message: string];

function told(code: string, mistakes: readonly Mistake[]): void {
  it.each(mistakes)("%s", async (_given, call, message) => {
    expect(await mistake(call)).toMatchObject({
      name: "FanfareError",
      code,
      message: expect.stringContaining(message),
    });
  });
}

const creating =
  (options?: unknown): (() => unknown) =>
  () =>
    Reflect.apply(createFanfare, undefined, [options]);
const creatingWith = (options: object): (() => unknown) => creating({ schema, ...options });

describe("createFanfare tells the usual cure, by BAD_OPTION, for", () => {
  told("BAD_OPTION", [
    ["nothing", creating(), "createFanfare: its options must be an object, not undefined"],
    ["a bare schema", creating(schema), "Write createFanfare({ schema })"],
    ["no schema", creating({}), "schema must be a GraphQLSchema, not undefined"],
    ["a schema as text", creating({ schema: printSchema(schema) }), "Build it first, by buildSchema of graphql"],
    ["a schema as document", creating({ schema: parse("type Query { a: Int }") }), "Build it first"],
    [
      "an origin",
      creatingWith({ origin: "https://app.example.com" }),
      'origin: { allow: ["https://app.example.com"] }',
    ],
    ["any origin", creatingWith({ origin: "any" }), 'not "any". Write origin: { allow: "any" }'],
    ["origins", creatingWith({ origin: ["https://a.example"] }), "Write origin: { allow: [ … ] }"],
    ["one origin in `allow`", creatingWith({ origin: { allow: "https://a.example" } }), 'Write ["https://a.example"]'],
    ["a PubSub", creatingWith({ broker: new PubSub() }), "write pubSubEngineBroker(engine)"],
    ["a broker that is none", creatingWith({ broker: {} }), "broker must be a broker, such as memoryBroker()"],
    ["a broker that was not called", creatingWith({ broker: memoryBroker }), "Call it: memoryBroker()"],
    ["a source that is none", creatingWith({ source: {} }), "source must be a source, such as postgresOutbox("],
    ["a pool as source", creatingWith({ source: new Pool() }), "Give the database to postgresOutbox({ client })"],
    ["models without a source", creatingWith({ models: [Car] }), "models need a source"],
    ["a model that is none", creatingWith({ models: [cars] }), "models[0] must be a model, which model()"],
    ["a hook that is none", creatingWith({ onConnect: true }), "onConnect must be a function, not true"],
    [
      "a context that is an object",
      creatingWith({ context: { user: 1 } }),
      "Write a function that returns it: context",
    ],
    ["a misspelt option", creatingWith({ onConect: () => true }), "no option onConect. Did you mean onConnect?"],
    ["an option of others", creatingWith({ resolvers: {} }), "there is no option resolvers. There are broker, clock"],
    ["a misspelt nested option", creatingWith({ documentCache: { maxEntires: 5 } }), "Did you mean maxEntries?"],
    [
      "a nested option of a wrong type",
      creatingWith({ execution: [] }),
      "execution must be an object, not an empty list",
    ],
    ["a limit as text", creatingWith({ limits: { depth: "20" } }), 'limits.depth must be a number, not "20"'],
    ["a trigger that is a text", creatingWith({ triggers: { news: "NEWS" } }), "triggers.news must be a function"],
    ["a dialect that was not called", creatingWith({ dialects: [graphqlWs] }), "Call it: graphqlWs()"],
    [
      "a dialect's name",
      creatingWith({ dialects: ["graphql-ws"] }),
      "Write its function, such as graphqlTransportWs()",
    ],
    ["no log", creatingWith({ log: false }), "To log nothing, write silentLog"],
    ["Express's trust in proxies", creatingWith({ trustProxy: true }), "It is the number of proxies"],
    ["a clock that is none", creatingWith({ clock: Date }), "clock must be a clock"],
    ["a number as text", creatingWith({ keepAlive: "12000" }), 'keepAlive must be a number of at least 1, not "12000"'],
  ]);

  it("takes options that are undefined as left out, at every level", async () => {
    await using fanfare = Reflect.apply(createFanfare, undefined, [
      {
        schema,
        broker: undefined,
        limits: { depth: undefined, operations: undefined, refusals: undefined },
        execution: { backlog: undefined },
        documentCache: { maxBytes: undefined },
      },
    ]);
    expect(fanfare).toBeInstanceOf(fanfareModule.Fanfare);
  });
});

const onServer =
  (call: (fanfare: fanfareModule.Fanfare) => unknown): (() => Promise<void>) =>
  async () => {
    await using fanfare = createFanfare({ schema });
    await call(fanfare);
  };

const applied = (name: "attach" | "listen" | "publish" | "end" | "subscribe" | "accept", ...given: unknown[]) =>
  onServer((fanfare) => Reflect.apply(fanfare[name], fanfare, given));

describe("A running server tells the usual cure, by BAD_OPTION, for", () => {
  const client = new PGlite();

  told("BAD_OPTION", [
    ["attaching to an Express app", applied("attach", express()), "Pass the server that app.listen(port) returns"],
    ["attaching to Fastify", applied("attach", fastify()), "Pass its property server"],
    ["attaching to nothing", applied("attach", undefined), "server must be an HTTP server of Node"],
    ["attaching to a port", applied("attach", 4000), "call listen({ port })"],
    ["attaching with a path alone", applied("attach", createServer(), "/graphql"), "its options must be an object"],
    ["a port as text", applied("listen", { port: "4000" }), "Convert it: Number(process.env.PORT)"],
    ["a bare port", applied("listen", 4000), "listen: its options must be an object, not 4000"],
    ["publishing to nothing", applied("publish", undefined, 1), "topics must be a topic or its name, not undefined"],
    ["publishing to a family", applied("publish", news, 1), "not a function news. Call the topic family: news(…)"],
    ["publishing to families", applied("publish", ["a", room], 1), "topics[1] must be a topic or its name"],
    ["publishing to a number", applied("publish", 7, 1), "topics must be a topic or its name, not 7"],
    ["a date as time", applied("publish", "a", 1, { time: new Date() }), "Write its milliseconds: date.getTime()"],
    ["a misspelt detail", applied("publish", "a", 1, { Id: "1" }), "there is no option Id. Did you mean id?"],
    ["a transaction that is none", applied("publish", "a", 1, { transaction: {} }), "must be an open transaction"],
    ["ending nothing", applied("end", undefined), "topics must be a topic or its name"],
    ["a bare query", applied("subscribe", "{ hi }"), "request must be an object"],
    ["a parsed query", applied("subscribe", { query: parse("{ hi }") }), "Write print(document)"],
    ["variables as text", applied("subscribe", { query: "{ hi }", variables: "{}" }), "request.variables must be"],
    ["a socket that is none", applied("accept", {}, graphqlWs()), "socket must be a socket"],
    ["a fetch handler of nothing", () => Reflect.apply(fetchHandler, undefined, []), "fanfare must be a Fanfare"],
    ["a test client of nothing", () => Reflect.construct(TestClient, []), "fanfare must be a Fanfare"],
    ["a fake clock of a date", () => Reflect.apply(fakeClock, undefined, ["2026"]), "start must be a number"],
    ["no broker", () => Reflect.apply(createPublisher, undefined, [{}]), "broker must be a broker"],
    ["nothing", () => Reflect.apply(createPublisher, undefined, []), "its options must be an object"],
    [
      "publishing to a family without a server",
      () => Reflect.apply(Reflect.get(createPublisher({ broker: memoryBroker() }), "publish"), undefined, [news, 1]),
      "Call the topic family: news(…)",
    ],
    [
      "history as a number",
      () => Reflect.apply(memoryBroker, undefined, [{ history: 5 }]),
      "history must be an object",
    ],
    ["misspelt history", () => Reflect.apply(memoryBroker, undefined, [{ history: { event: 5 } }]), "mean events?"],
    ["an engine that is a broker", () => Reflect.apply(pubSubEngineBroker, undefined, [{ open() {} }]), "no adapter"],
    ["a dialect's misspelt option", () => Reflect.apply(graphqlWs, undefined, [{ greetings: true }]), "mean greeting?"],
    ["a relay of nothing", () => Reflect.apply(createRelay, undefined, []), "createRelay: its options must be"],
    [
      "a relay without a broker",
      () => Reflect.apply(createRelay, undefined, [{ source: postgresOutbox({ client }) }]),
      "broker must be",
    ],
  ]);
});

const outbox = (options?: unknown) => () => Reflect.apply(postgresOutbox, undefined, [options]);
const replication = (options: object) => () =>
  Reflect.apply(postgresReplication, undefined, [
    { client: new Pool(), connect: () => new Client(), tables: ["cars"], ...options },
  ]);

describe("A source tells the usual cure, by BAD_OPTION, for", () => {
  told("BAD_OPTION", [
    ["nothing", outbox(), "postgresOutbox: its options must be an object"],
    ["no client", outbox({}), "client must be a pg.Pool or a PGlite, not undefined"],
    ["a URL", outbox({ client: url }), "Write client: new pg.Pool({ connectionString })"],
    ["a URL, without its password", outbox({ client: url }), 'not "postgres://…@db.example.com/cars".'],
    ["one connection", outbox({ client: new Client() }), "write new pg.Pool(…) instead of new pg.Client(…)"],
    ["a database of Drizzle", outbox({ client: { $client: new Pool() } }), "write client: db.$client"],
    ["a bare pool", outbox(new Pool()), "its options must be an object of options, not an instance of BoundPool"],
    ["a table alone", outbox({ client: new Pool(), tables: "cars" }), 'Write tables: ["cars"]'],
    ["a table that is none", outbox({ client: new Pool(), tables: [null] }), "null is no table: give a name"],
    ["a schema that is none", outbox({ client: new Pool(), schema: null }), "schema must be 1 to 40 of a to z"],
    ["installing nowhere", () => Reflect.apply(installOutbox, undefined, [url, { tables: ["a"] }]), "new pg.Pool({"],
    [
      "installing nothing",
      () => Reflect.apply(installOutbox, undefined, [new Pool()]),
      "its options must be an object",
    ],
    ["a role alone", () => Reflect.apply(outboxSql, undefined, [{ tables: ["a"], readers: "app" }]), "a list of roles"],
    ["replication by a URL", replication({ client: url }), "client must be a pg.Pool, not"],
    ["a connection that is open", replication({ connect: new Client() }), "(mode) => new pg.Client({ connectionString"],
    ["a slot that is none", replication({ slot: 7 }), "slot must be 1 to 63 lower-case letters"],
    ["installing replication nowhere", () => Reflect.apply(installReplication, undefined, [url]), "a pg.Client, not"],
  ]);
});

const declaring = (options?: unknown) => () => Reflect.apply(subscription, undefined, [options]);
const family =
  (...given: unknown[]) =>
  () =>
    Reflect.apply(topic, undefined, given);
const modelling =
  (options?: unknown, table: unknown = cars) =>
  () =>
    Reflect.apply(model, undefined, [table, options]);

describe("A declaration tells the usual cure, by BAD_DECLARATION, for", () => {
  told("BAD_DECLARATION", [
    ["nothing", declaring(), "subscription: its options must be an object"],
    ["no topics", declaring({}), "topics must be a function, not undefined"],
    ["topics as a list", declaring({ topics: ["news"] }), "Write a function that returns them: () => [ … ]"],
    ["a match that is an object", declaring({ topics: () => [], match: { a: 1 } }), "Write a function that returns it"],
    ["a resolver of another name", declaring({ topics: () => [], resolver: () => 1 }), "Did you mean resolve?"],
    ["a family of nothing", family(), "family must be a name without a colon, not undefined"],
    ["a part of a date", family("day", { at: Date }), "Pass a date as a String, by toISOString()"],
    [
      "a part of a text",
      family("room", { name: "string" }),
      'parts.name must be String, Number or Boolean, not "string"',
    ],
    ["parts that are a list", family("room", ["name"]), "parts must be an object of parts, not a list of 1"],
    ["a topic by a bare value", () => Reflect.apply(room, undefined, ["lobby"]), 'needs a string for its part "name"'],
    ["a topic by null", () => Reflect.apply(room, undefined, [null]), 'needs a string for its part "name"'],
    [
      "a resolver that is none",
      () => Reflect.apply(fanfareModule.shareable, undefined, [1]),
      "resolver must be a function",
    ],
    [
      "a command that is none",
      () => Reflect.apply(fanfareModule.command, undefined, []),
      "subscribe must be a function",
    ],
    ["a model of nothing", modelling(), "model: its options must be an object"],
    ["a model without a name", modelling({ fields: ["id"] }), "name must be a string, not undefined"],
    ["fields that are no names", modelling({ name: "Car", fields: [7] }), "needs `fields`: id"],
    ["a key alone", modelling({ name: "Car", fields: ["id"], key: "id" }), 'Write key: ["id"]'],
    [
      "a permission that is none",
      modelling({ name: "Car", fields: ["id"], permissions: { id: true } }),
      "permissions.id",
    ],
    ["a model's misspelt option", modelling({ name: "Car", fields: ["id"], visable: () => true }), "mean visible?"],
    ["a model's misspelt hook", modelling({ name: "Car", fields: ["id"], hooks: { topic: () => [] } }), "mean topics?"],
    ["a URL as source", modelling({ name: "Car", fields: ["id"], source: url }), "source must be a source"],
    [
      "a column that is none",
      modelling({ name: "Car", fields: ["id"] }, { ...cars, columns: { id: null } }),
      "columns.id",
    ],
    [
      "a name as table",
      modelling({ name: "Car", fields: ["id"] }, "cars"),
      "model() takes a table of Drizzle, or a `name`",
    ],
    ["an argument of a name alone", () => Reflect.apply(Car.updated, Car, ["id"]), "updated: its options must be"],
  ]);

  told("BAD_OPTION", [
    [
      "a queue that is a policy",
      declaring({ topics: () => [], queue: "latest" }),
      'queue must be an object, not "latest"',
    ],
    ["a queue of a text", declaring({ topics: () => [], queue: { messages: "5" } }), "queue.messages must be a number"],
    [
      "a policy that is none",
      declaring({ topics: () => [], queue: { overflow: "drop" } }),
      'must be "disconnect", "latest"',
    ],
  ]);
});
