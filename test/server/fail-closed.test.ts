import { GraphQLObjectType, GraphQLSchema, GraphQLString, parse, subscribe, type GraphQLFieldConfig } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, FanfareError, shareable, subscription, type Fanfare } from "fanfare";
import { connected } from "./connected.ts";
import { NotingLog } from "./noting-log.ts";

/** Answers of applications in plain JavaScript, where a string, a list, a set of conditions or a boolean is asked for. */
class Anything {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }

  get kind(): string {
    return this.value instanceof Promise ? "a promise" : String(this.value);
  }
}

class Instance {
  readonly of = "a class";
}

const anythingButTrue = [false, null, undefined, 0, 1, "yes", {}, [true], new Map(), Symbol("yes")].map(
  (value) => new Anything(value),
);

const postType = new GraphQLObjectType({
  name: "Post",
  fields: { text: { type: GraphQLString }, late: { type: GraphQLString, resolve: shareable(async () => "late") } },
});

/** A schema with a field of posts. `more` may be what a declaration must not have. */
function schemaWith(field: Omit<GraphQLFieldConfig<unknown, object>, "type">): GraphQLSchema {
  return new GraphQLSchema({
    query: new GraphQLObjectType({ name: "Query", fields: { hi: { type: GraphQLString } } }),
    subscription: new GraphQLObjectType({ name: "Subscription", fields: { posted: { type: postType, ...field } } }),
  });
}

const declared = (more: object) => schemaWith(subscription(Object.assign({ topics: () => ["posts"] }, more)));
const undeclared = () => schemaWith({});

function serverWith(schema: GraphQLSchema, log: NotingLog, more: object = {}): Fanfare {
  return createFanfare(Object.assign({ schema, log }, more));
}

const query = "subscription { posted { text } }";

/** The errors that the log was told, with those inside resolvers' errors. */
function logged(log: NotingLog): readonly unknown[] {
  return log.entries.flatMap(({ level, message, details }) => (level === "error" ? [{ message, ...details }] : []));
}

describe("An event is hidden unless the answer is true", () => {
  const filters = [
    { of: "a declaration", schema: (filter: () => unknown) => declared({ filter }), options: () => ({}) },
    {
      of: "a trigger",
      schema: undeclared,
      options: (filter: () => unknown) => ({ triggers: { posted: () => ({ posts: { filter: () => filter() } }) } }),
    },
    {
      of: "a trigger with the context",
      schema: undeclared,
      options: (filter: () => unknown) => ({
        triggers: { posted: () => ({ posts: { filter: (_event: unknown, _context: unknown) => filter() } }) },
        context: async () => ({}),
      }),
    },
  ];
  it.each(
    filters.flatMap((filter) =>
      anythingButTrue.flatMap(({ value, kind }) => [
        { ...filter, answer: () => value, kind },
        { ...filter, answer: async () => value, kind: `later ${kind}` },
      ]),
    ),
  )("from a filter of $of that answers $kind", async ({ schema, options, answer }) => {
    await using fanfare = serverWith(schema(answer), new NotingLog(), options(answer));
    await using client = await connected(fanfare);
    await client.subscribe(query);
    await fanfare.publish("posts", { text: "secret", posted: { text: "secret" } });
    await client.assertNoMessages();
  });

  it.each(anythingButTrue)("from a filter that answers $kind, under another executor", async ({ value }) => {
    const schema = declared({ filter: ({ text }: { text: string }) => (text === "open" ? true : value) });
    await using fanfare = serverWith(schema, new NotingLog());
    const results = await subscribe({ schema, document: parse(query), contextValue: {} });
    if (!(Symbol.asyncIterator in results)) throw new AggregateError(results.errors ?? []);
    await fanfare.publish("posts", { text: "secret" });
    await fanfare.publish("posts", { text: "open" });
    expect(await results.next()).toMatchObject({ value: { data: { posted: { text: "open" } } } });
  });

  it.each(anythingButTrue)("from a `visible` that answers $kind", async ({ value }) => {
    await using fanfare = serverWith(declared({ visible: () => value }), new NotingLog());
    await using client = await connected(fanfare);
    await client.subscribe(query);
    await fanfare.publish("posts", { text: "secret" });
    await client.assertNoMessages();
  });

  it.each([
    { option: "filter", message: /^A filter answered with a number/ },
    { option: "visible", message: /^A `visible` answered with a number/ },
  ])("and the log names the field and what $option answered, unless that was nothing", async ({ option, message }) => {
    const log = new NotingLog();
    const answers = [1, null, undefined, false];
    await using fanfare = serverWith(declared({ [option]: () => answers.shift() }), log);
    await using client = await connected(fanfare);
    await client.subscribe(query);
    for (const text of ["a", "b", "c", "d"]) await fanfare.publish("posts", { text });
    await client.assertNoMessages();
    expect(logged(log)).toMatchObject([{ message: expect.stringMatching(message), field: "Subscription.posted" }]);
  });

  it.each([async () => [{ text: "secret" }], () => null, () => "none", () => new Map()])(
    "from a `facets` with an answer of another form, no. %#",
    async (facets) => {
      const log = new NotingLog();
      await using fanfare = serverWith(declared({ facets, match: () => ({ text: "secret" }) }), log);
      await using client = await connected(fanfare);
      await client.subscribe(query);
      await fanfare.publish("posts", { text: "secret" });
      await client.assertNoMessages();
      expect(logged(log)).toMatchObject([{ message: expect.stringContaining("`facets`"), topic: "posts" }]);
    },
  );
});

const rejecting = async () => {
  throw new Error("not here");
};

/** What a client is told, and the error in the log. */
async function refusal(schema: GraphQLSchema, more: object = {}): Promise<object> {
  const log = new NotingLog();
  await using fanfare = serverWith(schema, log, more);
  await using client = await connected(fanfare);
  const told = await client.receiveError(client.start(query));
  const errors = log.entries.flatMap(({ details }) => ("error" in details ? [details.error] : []));
  const [error] = errors.filter((each) => each instanceof FanfareError);
  return { told, code: error?.code, message: error?.message };
}

const promisedEvents = () => ({ events: rejecting(), includes: () => true });

describe("A subscription is refused", () => {
  const masked = [expect.objectContaining({ message: "Internal server error" })];

  it.each([
    { answers: async () => "tenant", came: "a promise" },
    { answers: rejecting, came: "a promise" },
    { answers: () => new Map(), came: "an instance of Map" },
    { answers: () => /a/, came: "an instance of RegExp" },
    { answers: () => new Instance(), came: "an instance of Instance" },
    { answers: () => Symbol("a"), came: "a symbol" },
    { answers: () => undefined, came: "undefined" },
    { answers: () => null, came: "null" },
    { answers: () => 1, came: "a number" },
    { answers: () => ({ tenant: "a" }), came: "an object" },
  ])("when `shareBy` answers with $came, which would make everybody share", async ({ answers, came }) => {
    // A resolver that is not declared shareable: only `shareBy` lets its results be shared.
    expect(await refusal(schemaWith({ resolve: () => ({}) }), { shareBy: answers })).toEqual({
      told: masked,
      code: "BAD_OPTION",
      message: `The option \`shareBy\` must answer with a string, not with ${came}`,
    });
  });

  it.each([
    { answers: async () => ({ owner: "ann" }), came: "a promise" },
    { answers: rejecting, came: "a promise" },
    { answers: () => null, came: "null" },
    { answers: () => new Map([["owner", "ann"]]), came: "an instance of Map" },
    { answers: () => new Instance(), came: "an instance of Instance" },
    { answers: () => "ann", came: "a string" },
    { answers: () => [{ owner: "ann" }, null], came: "null" },
    { answers: () => [[{ owner: "ann" }]], came: "a list" },
    { answers: () => ({ owner: { id: "ann" } }), came: "an object" },
    { answers: () => ({ owner: ["ann"] }), came: "a list" },
    { answers: () => ({ owner: rejecting() }), came: "a promise" },
  ])("when `match` answers with $came, no. %#, which would match every event or none", async ({ answers, came }) => {
    expect(await refusal(declared({ match: answers }))).toEqual({
      told: masked,
      code: "BAD_DECLARATION",
      message: expect.stringMatching(new RegExp(`^.*\`match\` of Subscription.posted .*, not with ${came}$`)),
    });
  });

  it.each([
    { answers: () => null, came: "null" },
    { answers: () => "posts", came: "a string" },
    { answers: () => new Set(["posts"]), came: "an instance of Set" },
    { answers: () => [() => "posts"], came: "a function" },
    { answers: () => [rejecting()], came: "a promise" },
    { answers: async () => [undefined], came: "undefined" },
  ])("when `topics` answers with $came, no. %#", async ({ answers, came }) => {
    expect(await refusal(declared({ topics: answers }))).toEqual({
      told: masked,
      code: "BAD_DECLARATION",
      message: expect.stringMatching(new RegExp(`^\`topics\` of Subscription.posted .*, not with ${came}$`)),
    });
  });

  it.each([
    { answers: async () => ({ posts: {} }), came: "a promise" },
    { answers: rejecting, came: "a promise" },
    { answers: () => null, came: "null" },
    { answers: () => new Map([["posts", {}]]), came: "an instance of Map" },
    { answers: () => ({ posts: rejecting() }), came: "a promise" },
    { answers: () => ({ posts: { filter: "all" } }), came: "an object" },
  ])("when a trigger answers with $came, no. %#", async ({ answers, came }) => {
    expect(await refusal(undeclared(), { triggers: { posted: answers } })).toEqual({
      told: masked,
      code: "BAD_DECLARATION",
      message: expect.stringMatching(new RegExp(`^The trigger of Subscription.posted.*, not with ${came}$`)),
    });
  });

  it("when the events of its snapshot are a promise", async () => {
    expect(await refusal(declared({ snapshot: promisedEvents }))).toMatchObject({
      told: masked,
      code: "BAD_DECLARATION",
    });
  });
});

describe("The conditions of `match`", () => {
  it("are those at the time of the subscription, whatever becomes of the application's object", async () => {
    const conditions = { text: "for ann" };
    await using fanfare = serverWith(declared({ match: () => conditions }), new NotingLog());
    await using client = await connected(fanfare);
    const id = await client.subscribe(query);
    conditions.text = "for bob";
    await client.subscribe(query);
    client.complete(id);
    conditions.text = "for carol";
    for (const text of ["for ann", "for carol", "for bob"]) await fanfare.publish("posts", { text });
    expect(await client.receive({ type: "next" })).toMatchObject({
      payload: { data: { posted: { text: "for bob" } } },
    });
    await client.assertNoMessages();
  });

  it("with an undefined property set none", async () => {
    await using fanfare = serverWith(declared({ match: () => ({ text: undefined }) }), new NotingLog());
    await using client = await connected(fanfare);
    const id = await client.subscribe(query);
    await fanfare.publish("posts", { text: "any" });
    expect(await client.receiveNext(id)).toEqual({ data: { posted: { text: "any" } } });
  });
});

describe("A result is an error", () => {
  it.each([async () => ({}), () => undefined, () => null, () => "context"])(
    "when `sharedContext` answers with no object, no. %#",
    async (sharedContext) => {
      const log = new NotingLog();
      await using fanfare = serverWith(declared({}), log, { sharedContext });
      await using client = await connected(fanfare);
      const id = await client.subscribe("subscription { posted { late } }");
      await fanfare.publish("posts", { text: "any" });
      expect(await client.receiveNext(id)).toMatchObject({ errors: [{ message: "Internal server error" }] });
      expect(logged(log)).toMatchObject([{ error: { code: "BAD_OPTION" } }]);
    },
  );
});

describe("A snapshot leaves an event out only when `includes` answers true", () => {
  it.each([
    { includes: () => true, heard: [] },
    { includes: () => false, heard: ["any"] },
    { includes: () => undefined, heard: ["any"] },
    { includes: () => 1, heard: ["any"] },
    { includes: async () => true, heard: ["any"] },
    { includes: rejecting, heard: ["any"] },
  ])("and not in the case no. %#", async ({ includes, heard }) => {
    const includesAny = ({ text }: { text: string }) => text === "any" && includes();
    const snapshot = () => ({ events: [], includes: includesAny });
    await using fanfare = serverWith(declared({ snapshot }), new NotingLog());
    await using client = await connected(fanfare);
    const id = await client.subscribe(query);
    for (const text of ["any", "last"]) await fanfare.publish("posts", { text });
    for (const text of [...heard, "last"]) {
      expect(await client.receiveNext(id)).toEqual({ data: { posted: { text } } });
    }
  });
});

describe("A result replaces no other", () => {
  it.each([
    async () => "key",
    async () => {
      throw new Error("not here");
    },
    () => undefined,
  ])("when the `key` of its queue is no text and no number, no. %#", async (key) => {
    const log = new NotingLog();
    await using fanfare = serverWith(declared({ queue: { messages: 1, overflow: "latest", key } }), log);
    await using client = await connected(fanfare);
    const id = await client.subscribe(query);
    client.pause();
    for (const text of ["a", "b", "c"]) await fanfare.publish("posts", { text });
    await client.assertNoMessages();
    client.resume();
    expect(await client.receiveNext(id)).toMatchObject({ data: { posted: { text: "c" } } });
    expect(logged(log)).toContainEqual(
      expect.objectContaining({ error: expect.objectContaining({ code: "BAD_OPTION" }) }),
    );
  });
});
