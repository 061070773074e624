import { runInNewContext } from "node:vm";
import { everything } from "../../../src/engine/hub/match-index.ts";
import { GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString, type GraphQLFieldConfig } from "graphql";
import { describe, expect, it } from "vitest";
import { shareable } from "../../../src/declare/shareable.ts";
import { silentLog } from "../../../src/observe/console-log.ts";
import { subscription } from "../../../src/declare/subscription.ts";
import { DocumentCache } from "../../../src/engine/document/document.ts";
import type { Plan } from "../../../src/engine/plan/plan.ts";
import { Planner, type PlannerOptions } from "../../../src/engine/plan/planner.ts";
import { topicLimits } from "../../../src/engine/plan/topic-limits.ts";
import { prepare, type Prepared } from "../../../src/engine/document/prepare.ts";

type Field = GraphQLFieldConfig<unknown, object>;

const carType = new GraphQLObjectType({
  name: "Car",
  fields: {
    make: { type: GraphQLString },
    label: { type: GraphQLString, resolve: shareable(() => "label") },
    cut: {
      type: GraphQLString,
      args: { to: { type: GraphQLString } },
      resolve: shareable((_car: unknown, { to }: { to?: string }) => to),
    },
    mine: { type: GraphQLString, resolve: () => "mine" },
  },
});

const args = { make: { type: GraphQLString }, room: { type: GraphQLString } };

function field(declared: Partial<Parameters<typeof subscription<object, { make?: string }, unknown>>[0]> = {}): Field {
  return {
    type: carType,
    args,
    ...subscription<object, { make?: string }, unknown>({ topics: () => ["cars"], ...declared }),
  };
}

const source = async function* (): AsyncGenerator {};

const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: "Query", fields: { hi: { type: GraphQLString } } }),
  subscription: new GraphQLObjectType({
    name: "Subscription",
    fields: {
      car: field(),
      carFor: field({ resolveFor: (event: unknown) => event }),
      carIn: field({ topics: (_args, context) => ["tenant" in context ? `cars:${String(context.tenant)}` : "cars"] }),
      carLater: field({ topics: () => runInNewContext('Promise.resolve(["later"])') }),
      carMatched: field({ match: ({ make }) => ({ make }) }),
      bare: { type: carType, args },
      resolved: { type: carType, resolve: () => ({}) },
      foreign: { type: carType, subscribe: source },
      named: { type: GraphQLString, args: { name: { type: new GraphQLNonNull(GraphQLString) } } },
    },
  }),
});

const documents = new DocumentCache(schema);

function prepared(query: string, variables?: Record<string, unknown>, operationName?: string): Prepared {
  const result = prepare(schema, documents, { query, variables, operationName }, false);
  if ("errors" in result) throw new TypeError(result.errors.join());
  return result;
}

function planner(options: Partial<PlannerOptions> = {}): Planner {
  return new Planner({
    schema,
    log: silentLog,
    triggers: {},
    shareBy: undefined,
    walks: true,
    maxCompiled: 100,
    maxCompiledBytes: Infinity,
    topicLimits: topicLimits(),
    ...options,
  });
}

/** The plans of two operations, made by one planner. */
async function both(
  first: Prepared,
  second: Prepared,
  contexts: readonly object[] = [{}, {}],
  options?: Partial<PlannerOptions>,
): Promise<readonly Plan[]> {
  const one = planner(options);
  const plans = await Promise.all([first, second].map(async (each, index) => one.plan(each, contexts[index])));
  return plans.map(({ plan }) => plan);
}

const plain = "subscription { car { make } }";

/** What a planner of its own makes of it. */
async function freshText(): Promise<string | undefined> {
  const { plan } = await planner().plan(prepared(plain), {});
  return plan.walk?.({ make: "Skoda" });
}

describe("The audience of a subscription", () => {
  it.each([
    { query: plain, audience: "everyone", unshared: undefined },
    { query: "subscription { car { make label } }", audience: "everyone", unshared: undefined },
    { query: "subscription { bare { make } }", audience: "everyone", unshared: undefined },
    {
      query: "subscription { car { make mine } }",
      audience: "session",
      unshared: "Car.mine is not declared shareable",
    },
    {
      query: "subscription { carFor { make } }",
      audience: "session",
      unshared: "Subscription.carFor is declared with resolveFor",
    },
    {
      query: "subscription { resolved { make } }",
      audience: "session",
      unshared: "Subscription.resolved is not declared shareable",
    },
    {
      query: "subscription { foreign { make } }",
      audience: "session",
      unshared: "Its field has a `subscribe` of its own",
    },
  ])("of $query is $audience, and the plan says why", async ({ query, audience, unshared }) => {
    const { plan } = await planner().plan(prepared(query), {});
    expect([plan.audience, plan.unshared]).toEqual([audience, unshared]);
    expect(plan.key === undefined).toBe(audience === "session");
    expect(plan.walk === undefined).toBe(audience !== "everyone");
  });

  it("is found although the topics come by a promise of another realm", async () => {
    const { plan } = await planner().plan(prepared("subscription { carLater { make } }"), {});
    expect([plan.topics, plan.audience]).toEqual([["later"], "everyone"]);
  });

  it("is told to the debug log where it is not everyone, once for each document", async () => {
    const told: unknown[] = [];
    const log = { ...silentLog, debug: (_message: string, details: object) => void told.push(details) };
    const one = planner({ log });
    for (const query of [plain, "subscription A { car { mine } }", "subscription A { car { mine } }"]) {
      await one.plan(prepared(query), {});
    }
    const because = "Car.mine is not declared shareable";
    expect(told).toEqual([{ operation: "A", audience: "session", because }]);
  });

  it("is a key where the server vouches for one, but not for a field that is made for each viewer", async () => {
    const one = planner({ shareBy: () => "admin" });
    const audienceOf = async (query: string): Promise<string> => (await one.plan(prepared(query), {})).plan.audience;
    expect(await audienceOf("subscription { car { mine } }")).toBe("key");
    expect(await audienceOf(plain)).toBe("everyone");
    expect(await audienceOf("subscription { carFor { make } }")).toBe("session");
    expect(await audienceOf("subscription { foreign { make } }")).toBe("session");
  });

  it("is the session from the moment when the document was caught looking at the viewer", async () => {
    const one = planner();
    const { plan } = await one.plan(prepared("subscription { car { label } }"), {});
    one.caught(plan);
    expect((await one.plan(prepared("subscription{car{label}}"), {})).plan).toMatchObject({
      audience: "session",
      key: undefined,
    });
    expect((await one.plan(prepared(plain), {})).plan.audience).toBe("everyone");
  });

  it("has no walk where the application changes results", async () => {
    const { plan } = await planner({ walks: false }).plan(prepared(plain), {});
    expect(plan).toMatchObject({ audience: "everyone", walk: undefined });
  });
});

function shareBy(context: unknown): string {
  return String(typeof context === "object" && context && "role" in context && context.role);
}

describe("Two operations share a plan's key", () => {
  const byName = "subscription A($make: String) { car(make: $make) { make } }";

  it.each([
    { why: "in another formatting", first: prepared(plain), second: prepared("subscription {\n  car { make } # x\n}") },
    { why: "with equal variables", first: prepared(byName, { make: "a" }), second: prepared(byName, { make: "a" }) },
    { why: "with a variable that does not exist", first: prepared(byName), second: prepared(byName, { other: 1 }) },
  ])("$why", async ({ first, second }) => {
    const [one, two] = await both(first, second);
    expect(one?.key).toBeDefined();
    expect(one?.key).toBe(two?.key);
  });

  it.each([
    { why: "with another selection", first: prepared(plain), second: prepared("subscription { car { label } }") },
    {
      why: "with another name in the answer",
      first: prepared(plain),
      second: prepared("subscription { x: car { make } }"),
    },
    { why: "with other variables", first: prepared(byName, { make: "1" }), second: prepared(byName, { make: "2" }) },
    { why: "with null for nothing", first: prepared(byName), second: prepared(byName, { make: null }) },
    {
      why: "with another operation of the document",
      first: prepared(`${byName} subscription B { car { make } }`, {}, "A"),
      second: prepared(`${byName} subscription B { car { make } }`, {}, "B"),
    },
  ])("but not $why", async ({ first, second }) => {
    const [one, two] = await both(first, second);
    expect(one?.key).toBeDefined();
    expect(one?.key).not.toBe(two?.key);
  });

  it("but not with topics of another tenant", async () => {
    const query = prepared("subscription { carIn { make } }");
    const [one, two] = await both(query, query, [{ tenant: "a" }, { tenant: "b" }]);
    expect([one?.topics, two?.topics]).toEqual([["cars:a"], ["cars:b"]]);
    expect(one?.key).not.toBe(two?.key);
  });

  it("but not under another key of the server's, and never across audiences", async () => {
    const query = prepared("subscription { car { mine } }");
    const [admin, guest] = await both(query, query, [{ role: "admin" }, { role: "guest" }], { shareBy });
    const [again] = await both(query, query, [{ role: "admin" }, {}], { shareBy });
    expect(admin?.key).not.toBe(guest?.key);
    expect(admin?.key).toBe(again?.key);
  });

  it("but not when a value cannot be compared", async () => {
    const name = prepared("subscription ($n: String!) { named(name: $n) }", { n: "x" });
    const odd = { ...name, variables: { ...name.variables, coerced: { n: () => "x" } } };
    const [plan] = await both(odd, odd);
    expect(plan).toMatchObject({ key: undefined, audience: "session" });
  });
});

describe("A plan", () => {
  it("listens to each topic once", async () => {
    const twice = new GraphQLSchema({
      query: new GraphQLObjectType({ name: "Query", fields: { hi: { type: GraphQLString } } }),
      subscription: new GraphQLObjectType({
        name: "Subscription",
        fields: { car: field({ topics: () => ["a", "b", "a"] }) },
      }),
    });
    const result = prepare(twice, new DocumentCache(twice), { query: plain }, false);
    if ("errors" in result) throw new TypeError(result.errors.join());
    const { plan } = await planner({ schema: twice }).plan(result, {});
    expect(plan.topics).toEqual(["a", "b"]);
  });

  it("listens to the topic that is called like a field without anything", async () => {
    const { plan } = await planner().plan(prepared("subscription { bare { make } }"), {});
    expect(plan).toMatchObject({ topics: ["bare"], fieldName: "bare", interest: everything, declaration: undefined });
  });

  it("has the conditions of its arguments", async () => {
    const { plan } = await planner().plan(prepared('subscription { carMatched(make: "Skoda") { make } }'), {});
    expect(plan.interest.match).toEqual({ make: "Skoda" });
  });

  it("has the field itself for a source of its own, and no topics", async () => {
    const { plan, foreign } = await planner().plan(prepared("subscription { foreign { make } }"), {});
    expect(foreign?.field.name).toBe("foreign");
    expect(plan.topics).toEqual([]);
  });

  it("is compiled once for each operation, of which so many are kept", async () => {
    const one = planner({ maxCompiled: 1 });
    const argsOf = async (query: string): Promise<unknown> => (await one.plan(prepared(query), {})).plan.args;
    const first = await argsOf(plain);
    expect(await argsOf(plain)).toBe(first);
    await argsOf("subscription { car { label } }");
    expect(await argsOf(plain)).not.toBe(first);
  });

  it.each([
    ["that choose the events", "subscription ($v: String) { car(make: $v) { make } }", ["a", "b"], true],
    [
      "of a fragment's field",
      "subscription ($v: String) { car { ...f } } fragment f on Car { cut(to: $v) }",
      ["a", "b"],
      false,
    ],
    ["that choose fields", "subscription ($v: Boolean!) { car { make label @include(if: $v) } }", [true, false], false],
    ["of a field below the root", "subscription ($v: String) { car { cut(to: $v) } }", ["a", "b"], false],
  ])("has a walk of its own only for variables that it depends on: those %s", async (_which, query, values, same) => {
    const one = planner();
    const plans = await Promise.all(values.map(async (v) => one.plan(prepared(query, { v }), {})));
    const [first, second] = plans.map(({ plan }) => plan.walk?.({ make: "Skoda" }));
    const [walk, other] = plans.map(({ plan }) => plan.walk);
    expect(walk).toBeTypeOf("function");
    expect(walk === other).toBe(same);
    expect(first === second).toBe(same);
  });

  it("calls resolvers that were wrapped in place after another server had compiled its plans", async () => {
    expect(await freshText()).toBe('{"data":{"car":{"make":"Skoda"}}}');
    const { make } = carType.getFields();
    if (make) make.resolve = shareable(() => "hidden");
    expect(await freshText()).toBe('{"data":{"car":{"make":"hidden"}}}');
    if (make) make.resolve = undefined;
  });

  it("is shareable or not by what its variables select, whoever came first", async () => {
    const one = planner();
    const query = "subscription ($v: Boolean!) { car { make mine @include(if: $v) } }";
    const audiences = [];
    for (const v of [true, false, true]) audiences.push((await one.plan(prepared(query, { v }), {})).plan.audience);
    expect(audiences).toEqual(["session", "everyone", "session"]);
  });
});
