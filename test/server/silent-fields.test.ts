import { buildSchema, GraphQLObjectType, GraphQLSchema, GraphQLString, parse, subscribe } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, subscription, type FanfareOptions } from "fanfare";
import { GroupSubscriptions } from "fanfare/compat";
import { NotingLog } from "./noting-log.ts";

const sdl = buildSchema("type Query { hi: String } type Subscription { news: String weather: String }");

function schemaWith(fields: Readonly<Record<string, object>>): GraphQLSchema {
  return new GraphQLSchema({
    query: new GraphQLObjectType({ name: "Query", fields: { hi: { type: GraphQLString } } }),
    subscription: new GraphQLObjectType({
      name: "Subscription",
      fields: Object.fromEntries(
        Object.entries(fields).map(([name, more]) => [name, { type: GraphQLString, ...more }]),
      ),
    }),
  });
}

function trigger() {
  return { a: {} };
}

async function warningsOf(options: Omit<FanfareOptions, "log">): Promise<readonly string[]> {
  const log = new NotingLog();
  const fanfare = createFanfare({ ...options, log });
  await fanfare[Symbol.asyncDispose]();
  return log.messages;
}

describe("A subscription field that nobody declared", () => {
  it("is told when the server is made, with the topic that it hears and the cure", async () => {
    const [news, weather] = await warningsOf({ schema: sdl });
    expect(news).toBe(
      'Subscription.news is not declared, so it hears only what is published to the topic "news". Declare it by subscription(), or give the server `triggers`, if only {}, to say that this is meant',
    );
    expect(weather).toContain("Subscription.weather is not declared");
  });

  it("is told beside others that are declared, or that have a `subscribe` of their own", async () => {
    const declared = subscription({ topics: () => ["a"] });
    const own = { subscribe: async function* () {} };
    const messages = await warningsOf({ schema: schemaWith({ declared, own, forgotten: {} }) });
    expect(messages).toEqual([expect.stringContaining("Subscription.forgotten is not declared")]);
  });

  it("is meant where there are triggers, if only an empty object", async () => {
    expect(await warningsOf({ schema: sdl, triggers: {} })).toEqual([]);
    expect(await warningsOf({ schema: sdl, triggers: { news: () => ({ a: {} }) } })).toEqual([]);
  });

  it("is known where another one has its source, as with groups", async () => {
    const groups = new GroupSubscriptions({ fields: { news: { type: GraphQLString, groups: () => [] } } });
    expect(await warningsOf({ schema: schemaWith(groups.fields), ...groups.options })).toEqual([]);
  });
});

describe("A trigger", () => {
  it.each([
    ["that is misspelt", { nwes: trigger }, "triggers.nwes has no field Subscription.nwes. Did you mean news?"],
    ["of no field", { cars: trigger }, "triggers.cars has no field Subscription.cars. There are news, weather"],
    ["of a name that every object has", { toString: trigger }, "triggers.toString has no field"],
  ])("%s is refused", (_which, triggers, message) => {
    const wrong = { code: "BAD_OPTION", message: expect.stringContaining(message) };
    expect(() => createFanfare({ schema: sdl, triggers })).toThrow(expect.objectContaining(wrong));
  });

  it.each([
    ["a declaration", subscription({ topics: () => ["a"] })],
    ["a `subscribe`", { subscribe: async function* () {} }],
  ])("of a field with %s of its own is refused, since it would have no effect", (_what, field) => {
    const schema = schemaWith({ news: field });
    expect(() => createFanfare({ schema, triggers: { news: trigger } })).toThrow("triggers.news has no effect");
  });
});

describe("An event without properties", () => {
  const matching = { topics: () => ["news"], match: () => ({ text: "a" }) };

  it.each([
    ["a number", 7],
    ["a string", "a"],
    ["null", null],
  ])("that is %s meets no `match`, which is told once per topic", async (kind, payload) => {
    const log = new NotingLog();
    const schema = schemaWith({ news: subscription(matching) });
    await using fanfare = createFanfare({ schema, log });
    const results = await fanfare.subscribe({ query: "subscription { news }" });
    await fanfare.publish("news", payload);
    await fanfare.publish("news", payload);
    await results.return?.();
    expect(log.entries).toEqual([
      {
        level: "warn",
        message: `An event of the topic "news" is ${kind}, which has no properties, so it meets no \`match\`. Publish objects, or declare \`facets\``,
        details: { topic: "news" },
      },
    ]);
  });

  it("is not told where `facets` gives objects, or where nobody asks for properties", async () => {
    const log = new NotingLog();
    const schema = schemaWith({
      news: subscription<unknown, unknown, string, string, { text: string }>({
        ...matching,
        facets: (text) => [{ text }],
      }),
    });
    await using fanfare = createFanfare({ schema, log });
    const results = await fanfare.subscribe({ query: "subscription { news }" });
    await fanfare.publish("news", "a");
    expect((await results.next()).value).toEqual({ data: { news: "a" } });
    expect(log.messages).toEqual([]);
    await results.return?.();
  });

  it("is not told where a `match` has no conditions, which every event meets", async () => {
    const log = new NotingLog();
    const schema = schemaWith({ news: subscription({ ...matching, match: () => ({}) }) });
    await using fanfare = createFanfare({ schema, log });
    const results = await fanfare.subscribe({ query: "subscription { news }" });
    await fanfare.publish("news", "a");
    expect((await results.next()).value).toEqual({ data: { news: "a" } });
    expect(log.messages).toEqual([]);
    await results.return?.();
  });
});

describe("An operation without a topic", () => {
  const query = "subscription { news }";

  it("is told once per field", async () => {
    const log = new NotingLog();
    const schema = schemaWith({ news: subscription({ topics: () => [] }) });
    await using fanfare = createFanfare({ schema, log });
    await fanfare.subscribe({ query });
    await fanfare.subscribe({ query });
    expect(log.entries).toEqual([
      {
        level: "warn",
        message:
          "`topics` of Subscription.news gave no topic: the operation hears nothing until it joins one by context.operation.join",
        details: { field: "Subscription.news" },
      },
    ]);
  });

  it.each([
    ["async topics", async () => []],
    ["topics", () => []],
  ])("is told for %s, whoever executes it", async (_which, topics) => {
    const log = new NotingLog();
    const schema = schemaWith({ news: subscription({ topics }) });
    const fanfare = createFanfare({ schema, log });
    const results = await subscribe({ schema, document: parse(query) });
    expect(log.messages).toEqual([expect.stringContaining("`topics` of Subscription.news gave no topic")]);
    if (Symbol.asyncIterator in results) await results.return?.(undefined);
    await fanfare[Symbol.asyncDispose]();
  });

  it("is told of a trigger", async () => {
    const log = new NotingLog();
    await using fanfare = createFanfare({ schema: sdl, triggers: { news: () => ({}) }, log });
    await fanfare.subscribe({ query });
    expect(log.messages).toEqual([expect.stringContaining("The trigger of Subscription.news gave no topic")]);
  });

  it("is not told of a field with a source of its own, nor of one that listens", async () => {
    const log = new NotingLog();
    const schema = schemaWith({
      news: subscription({ topics: () => ["news"] }),
      own: { subscribe: async function* () {} },
    });
    await using fanfare = createFanfare({ schema, log });
    await fanfare.subscribe({ query });
    await fanfare.subscribe({ query: "subscription { own }" });
    expect(log.messages).toEqual([]);
  });
});
