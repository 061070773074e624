import { GraphQLObjectType, GraphQLScalarType, GraphQLSchema, GraphQLString, subscribe, parse } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, subscription, type FanfareOptions } from "fanfare";
import { TestClient } from "fanfare/testing";
import { until } from "../faults/until.ts";
import { NotingLog } from "./noting-log.ts";

const failure = new Error("the database is gone");

function fail(): never {
  throw failure;
}

function rejects(): Promise<never> {
  return Promise.reject(failure);
}

const json = new GraphQLScalarType({ name: "JSON" });

type Declared = Parameters<typeof subscription<unknown, unknown, unknown, unknown>>[0];

function schemaWith(declared: Partial<Declared>): GraphQLSchema {
  return new GraphQLSchema({
    query: new GraphQLObjectType({ name: "Query", fields: { hi: { type: GraphQLString, resolve: fail } } }),
    subscription: new GraphQLObjectType({
      name: "Subscription",
      fields: {
        news: { type: json, ...subscription({ topics: () => ["news"], ...declared }) },
        plain: { type: json, resolve: String },
      },
    }),
  });
}

/** The log of a server whose client asks for news and plain words, of which one is published. */
async function logOf(declared: Partial<Declared>, options: Partial<FanfareOptions> = {}, query = news) {
  const log = new NotingLog();
  await using fanfare = createFanfare({ schema: schemaWith(declared), triggers: {}, ...options, log });
  await using client = new TestClient(fanfare);
  await client.connectAndInit();
  const id = client.start({ query });
  await until(
    () => log.entries.length > 0 || fanfare.publish("news", "a word").then(() => false),
    () => "a line of the log",
  );
  client.send({ type: "complete", id });
  return log.entries.map(({ message, details }) => ({ message, details }));
}

const news = "subscription Latest { news }";

describe("A function of a declaration that fails is told by its name and its field:", () => {
  it.each([
    ["topics", { topics: fail }, "`topics` of Subscription.news failed"],
    ["async topics", { topics: rejects }, "`topics` of Subscription.news failed"],
    ["match", { match: fail }, "`match` of Subscription.news failed"],
    ["initial", { initial: fail }, "`initial` of Subscription.news failed"],
    ["async initial", { initial: rejects }, "`initial` of Subscription.news failed"],
    ["snapshot", { snapshot: fail }, "`snapshot` of Subscription.news failed"],
    [
      "the events of a snapshot",
      { snapshot: () => ({ events: { [Symbol.asyncIterator]: fail }, includes: () => false }) },
      "`snapshot` of Subscription.news failed",
    ],
  ])("%s", async (_name, declared, message) => {
    const details = { session: "1", field: "Subscription.news", operation: "Latest", error: failure };
    expect(await logOf(declared)).toEqual([{ message, details }]);
  });

  it.each([
    ["filter", { filter: fail }, "A filter failed; its event was not delivered"],
    ["visible", { visible: fail }, "A `visible` failed; its event was hidden"],
  ])("%s, with the topic of the event", async (_name, declared, message) => {
    const details = { field: "Subscription.news", operation: "Latest", topic: "news", error: failure };
    expect((await logOf(declared))[0]).toEqual({ message, details });
  });

  it("resolve, with the topic of the event and the path in the result", async () => {
    const details = { field: "Subscription.news", operation: "Latest", topic: "news", error: failure, path: ["news"] };
    expect((await logOf({ resolve: fail }))[0]).toEqual({ message: "A resolver failed", details });
  });

  it("onUnsubscribe, with the operation", async () => {
    const log = new NotingLog();
    await using fanfare = createFanfare({ schema: schemaWith({ onUnsubscribe: fail }), triggers: {}, log });
    const results = await fanfare.subscribe({ query: news });
    await results[Symbol.asyncDispose]();
    const details = { field: "Subscription.news", operation: "Latest", error: failure };
    expect(log.entries).toMatchObject([{ message: "onUnsubscribe failed", details }]);
  });

  it("filter, where another executor runs the field", async () => {
    const log = new NotingLog();
    const schema = schemaWith({ filter: fail });
    await using fanfare = createFanfare({ schema, triggers: {}, log });
    const results = await subscribe({ schema, document: parse(news) });
    if (!(Symbol.asyncIterator in results)) throw new Error("refused");
    const next = results.next();
    await fanfare.publish("news", 1);
    await until(
      () => log.entries.length > 0,
      () => "a line of the log",
    );
    expect(log.entries[0]?.details).toEqual({ field: "Subscription.news", topic: "news", error: failure });
    await results.return?.(undefined);
    await next;
  });
});

describe("A function of the server that fails is told by its name:", () => {
  it.each<[string, Partial<FanfareOptions>, object]>([
    ["context", { context: fail }, { message: "`context` failed", details: { operation: "Latest", error: failure } }],
    [
      "async context",
      { context: () => Promise.reject(failure) },
      { message: "`context` failed", details: { operation: "Latest", error: failure } },
    ],
    ["onOperation", { onOperation: fail }, { message: "`onOperation` failed", details: { error: failure } }],
    ["onSubscribe", { onSubscribe: fail }, { message: "`onSubscribe` failed", details: { error: failure } }],
    [
      "onOperation with no request",
      { onOperation: () => JSON.parse("[]") },
      {
        message: "`onOperation` failed",
        details: { error: { message: expect.stringMatching(/^onOperation must answer/) } },
      },
    ],
  ])("%s", async (_name, options, entry) => {
    expect(await logOf({}, options)).toMatchObject([entry]);
  });

  it("shareBy", async () => {
    const [entry] = await logOf({}, { shareBy: fail }, "subscription Plain { plain }");
    const details = { session: "1", operation: "Plain", error: failure };
    expect(entry).toEqual({ message: "`shareBy` failed", details });
  });

  it("a trigger, with its field", async () => {
    const entries = await logOf({}, { triggers: { plain: fail } }, "subscription Plain { plain }");
    const details = { session: "1", field: "Subscription.plain", operation: "Plain", error: failure };
    expect(entries).toEqual([{ message: "`triggers` of Subscription.plain failed", details }]);
  });

  it("formatResponse, with field, operation and topic", async () => {
    const details = { field: "Subscription.news", operation: "Latest", topic: "news", error: failure };
    expect((await logOf({}, { formatResponse: fail }))[0]).toEqual({ message: "formatResponse failed", details });
  });

  it("a resolver of a query, with the operation and the path", async () => {
    const [entry] = await logOf({}, {}, "query Greeting { hi }");
    expect(entry).toEqual({
      message: "A resolver failed",
      details: { operation: "Greeting", error: failure, path: ["hi"] },
    });
  });
});

describe("A payload without JSON is told by its field, operation and topic:", () => {
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  it.each([
    ["a bigint", 1n],
    ["a circle", circle],
  ])("%s", async (_name, payload) => {
    const [entry] = await logOf({ resolve: () => payload });
    expect(entry).toEqual({
      message: "A result of Subscription.news has no JSON",
      details: {
        field: "Subscription.news",
        operation: "Latest",
        topic: "news",
        fields: ["news"],
        error: expect.any(TypeError),
      },
    });
  });
});
