import { EventEmitter } from "node:events";
import { buildSchema, GraphQLError, GraphQLInt, GraphQLObjectType, GraphQLSchema } from "graphql";
import { PubSub } from "graphql-subscriptions";
import { describe, expect, it } from "vitest";
import { createFanfare, silentLog, type FormattedResult } from "fanfare";
import {
  SubscriptionManager,
  SubscriptionRefused,
  type ManagedSubscription,
  type SetupFunctions,
} from "fanfare/compat";
import { turns } from "fanfare/testing";

interface User {
  readonly id: string;
  readonly active: boolean;
}

const schema = buildSchema(`
  type Query { hi: String }
  type User { id: ID! active: Boolean }
  type Subscription { newUser(active: Boolean): User anybody: User userAdded: User }
`);

/** A schema whose field gives its context. */
const counting = new GraphQLSchema({
  query: new GraphQLObjectType({ name: "Query", fields: { hi: { type: GraphQLInt } } }),
  subscription: new GraphQLObjectType<unknown, { readonly number: number }>({
    name: "Subscription",
    fields: { counted: { type: GraphQLInt, resolve: (_source, _args, { number }) => number } },
  }),
});

const setupFunctions: SetupFunctions = {
  newUser: (_options, args) => ({
    new_user_channel: { filter: ({ newUser }: { newUser: User }) => newUser.active === args["active"] },
  }),
  anybody: () => ({ first: {}, second: { channelOptions: { durable: true } } }),
};

/** The calls of a callback. */
class Heard {
  readonly results: (FormattedResult | undefined)[] = [];
  readonly errors: unknown[] = [];
  readonly callback = (error: unknown, result?: FormattedResult): void => {
    if (error === null) this.results.push(result);
    else this.errors.push(error);
  };
}

function managed(options: { readonly subscriptions?: number } = {}): SubscriptionManager<{ readonly user: string }> {
  return new SubscriptionManager({ schema, pubsub: new PubSub(), setupFunctions, log: silentLog, ...options });
}

const user = (id: string, active = true) => ({ newUser: { id, active } });

async function refusalOf(manager: SubscriptionManager<{ readonly user: string }>, query: string): Promise<string[]> {
  const error: unknown = await manager
    .subscribe({ query, callback: () => undefined })
    .catch((thrown: unknown) => thrown);
  if (error instanceof SubscriptionRefused) return error.errors.map(({ message }) => message);
  throw new TypeError(`Not refused: ${String(error)}`);
}

describe("A subscription manager", () => {
  it("gives subscriptions numbers from 0, and calls back with each result (S1-16, S1-22)", async () => {
    await using manager = managed();
    const [one, two] = [new Heard(), new Heard()];
    const query = "subscription Q($active: Boolean) { newUser(active: $active) { id } }";
    expect(await manager.subscribe({ query, variables: { active: true }, callback: one.callback })).toBe(0);
    expect(await manager.subscribe({ query, variables: { active: false }, callback: two.callback })).toBe(1);
    await manager.publish("new_user_channel", user("7"));
    await manager.publish("new_user_channel", user("8", false));
    await turns(5);
    expect(one.results).toEqual([{ data: { newUser: { id: "7" } } }]);
    expect(two.results).toEqual([{ data: { newUser: { id: "8" } } }]);
    expect([...one.errors, ...two.errors]).toEqual([]);
  });

  it("ends the subscription with the number 0 like any other (S1-17, S1-B5)", async () => {
    await using manager = managed();
    const heard = new Heard();
    const id = await manager.subscribe({ query: "subscription { userAdded { id } }", callback: heard.callback });
    expect(id).toBe(0);
    manager.unsubscribe(id);
    await manager.publish("userAdded", { userAdded: { id: "7" } });
    await turns(5);
    expect(heard).toMatchObject({ results: [], errors: [] });
    expect(manager.size).toBe(0);
  });

  it("throws CLOSED for an unknown number, and for an ended subscription's (S1-17)", async () => {
    await using manager = managed();
    const id = await manager.subscribe({ query: "subscription { userAdded { id } }", callback: () => undefined });
    manager.unsubscribe(id);
    for (const unknown of [id, 7]) {
      expect(() => manager.unsubscribe(unknown)).toThrow(expect.objectContaining({ code: "CLOSED" }));
    }
  });

  it("removes a subscription whose topic has ended", async () => {
    await using fanfare = createFanfare({ schema, log: silentLog });
    await using manager = new SubscriptionManager({ fanfare });
    await manager.subscribe({ query: "subscription { userAdded { id } }", callback: () => undefined });
    expect(manager.size).toBe(1);
    await fanfare.end("userAdded");
    await turns(5);
    expect(manager.size).toBe(0);
  });

  it("listens to the trigger with the field's name, unless a setup function gives others (S1-13, S1-14)", async () => {
    await using manager = managed();
    const [named, several] = [new Heard(), new Heard()];
    await manager.subscribe({ query: "subscription { alias: userAdded { id } }", callback: named.callback });
    await manager.subscribe({ query: "subscription { anybody { id } }", callback: several.callback });
    await manager.publish("userAdded", { userAdded: { id: "1" } });
    await manager.publish("first", { anybody: { id: "2" } });
    await manager.publish("second", { anybody: { id: "3" } });
    await turns(5);
    expect(named.results).toEqual([{ data: { alias: { id: "1" } } }]);
    expect(several.results).toEqual([{ data: { anybody: { id: "2" } } }, { data: { anybody: { id: "3" } } }]);
  });

  it("passes a setup function all options except the callback (S1-11)", async () => {
    const told: unknown[] = [];
    await using manager = new SubscriptionManager<{ readonly user: string }>({
      schema,
      pubsub: new PubSub(),
      setupFunctions: {
        newUser: ({ query, operationName, variables, context }, args, subscriptionName) => {
          told.push({
            query,
            operationName,
            variables,
            user: Object(context).user,
            args: { ...args },
            subscriptionName,
          });
          return { users: {} };
        },
      },
    });
    const query = "subscription A($a: Boolean) { newUser(active: $a) { id } } subscription B { userAdded { id } }";
    const context = { user: "ada" };
    await manager.subscribe({ query, operationName: "A", variables: { a: true }, context, callback: () => undefined });
    expect(told).toEqual([
      {
        query,
        operationName: "A",
        variables: { a: true },
        user: "ada",
        args: { active: true },
        subscriptionName: "newUser",
      },
    ]);
  });

  it("refuses an invalid document with all its errors, and executes nothing (S1-19, S1-20, S1-B8)", async () => {
    await using manager = managed();
    expect(await refusalOf(manager, "subscription {")).toEqual([expect.stringMatching(/^Syntax Error/)]);
    expect(await refusalOf(manager, "subscription X { userAdded { id nope } newUser { id } }")).toEqual(
      expect.arrayContaining([
        'Cannot query field "nope" on type "User".',
        'Subscription "X" must have only one field.',
      ]),
    );
    expect(await refusalOf(manager, "subscription { ... on Subscription { userAdded { id } } }")).toEqual([
      "Apollo subscriptions do not support fragments on the root field",
    ]);
    expect(manager.size).toBe(0);
    expect(await manager.subscribe({ query: "subscription { userAdded { id } }", callback: () => undefined })).toBe(0);
  });

  it("calls a context function for each event, and gives its error as a result (S1-21)", async () => {
    const heard = new Heard();
    await using manager = new SubscriptionManager<{ readonly number: number }>({
      schema: counting,
      pubsub: new PubSub(),
    });
    let asked = 0;
    await manager.subscribe({
      query: "subscription { counted }",
      callback: heard.callback,
      context: () => {
        asked += 1;
        if (asked === 3) throw new GraphQLError("No context any more");
        return { number: asked };
      },
    });
    for (let event = 0; event < 3; event += 1) await manager.publish("counted", {});
    await turns(5);
    expect(heard.results).toEqual([
      { data: { counted: 2 } },
      { data: null, errors: [{ message: "No context any more" }] },
      { data: { counted: 4 } },
    ]);
  });

  it("applies formatError and formatResponse (S1-23)", async () => {
    await using manager = managed();
    const heard = new Heard();
    const query = "subscription { userAdded { id } }";
    await manager.subscribe({
      query,
      callback: heard.callback,
      formatError: ({ path }) => ({ message: `worded, at ${path?.join(".")}` }),
      formatResponse: (result, options) => ({ ...result, extensions: { query: options.query } }),
    });
    await manager.publish("userAdded", { userAdded: {} });
    await turns(5);
    expect(heard.results).toEqual([
      { data: { userAdded: null }, errors: [{ message: "worded, at userAdded.id" }], extensions: { query } },
    ]);
  });

  it("does not end a subscription whose callback throws, nor another", async () => {
    await using manager = managed();
    const heard = new Heard();
    let called = 0;
    const query = "subscription { userAdded { id } }";
    await manager.subscribe({
      query,
      callback: () => {
        called += 1;
        throw new Error("a callback's own");
      },
    });
    await manager.subscribe({ query, callback: heard.callback });
    await manager.publish("userAdded", { userAdded: { id: "1" } });
    await manager.publish("userAdded", { userAdded: { id: "2" } });
    await turns(5);
    expect([called, heard.results.length]).toEqual([2, 2]);
  });

  it("ends a subscription whose callback is too slow, with an error", async () => {
    await using manager = managed();
    const errors: unknown[] = [];
    const held = Promise.withResolvers<void>();
    const callback: ManagedSubscription["callback"] = (error) => (error === null ? held.promise : errors.push(error));
    await manager.subscribe({ query: "subscription { userAdded { id } }", callback });
    for (let event = 0; event < 300; event += 1) {
      await manager.publish("userAdded", { userAdded: { id: "1" } });
      await turns(1);
    }
    held.resolve();
    await turns(5);
    expect(errors).toEqual([expect.objectContaining({ code: "OVERFLOW" })]);
    expect(manager.size).toBe(0);
  });

  it("refuses subscriptions above its limit, those that are starting included", async () => {
    await using manager = managed({ subscriptions: 2 });
    const options = { query: "subscription { userAdded { id } }", callback: () => undefined };
    const started = await Promise.allSettled([1, 2, 3].map(() => manager.subscribe(options)));
    expect(started.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
    expect(started[2]).toMatchObject({ reason: { extensions: { code: "TOO_MANY_OPERATIONS" } } });
    manager.unsubscribe(0);
    expect(await manager.subscribe(options)).toBe(2);
    expect(() => managed({ subscriptions: 0 })).toThrow(expect.objectContaining({ code: "BAD_OPTION" }));
  });

  it("removes its handlers from the engine when it is disposed, and does not dispose a given Fanfare", async () => {
    const emitter = new EventEmitter();
    const manager = new SubscriptionManager({ schema, pubsub: new PubSub({ eventEmitter: emitter }) });
    const heard = new Heard();
    await manager.subscribe({ query: "subscription { userAdded { id } }", callback: heard.callback });
    expect(emitter.listenerCount("userAdded")).toBe(1);
    await manager[Symbol.asyncDispose]();
    expect(emitter.eventNames()).toEqual([]);
    expect(heard).toMatchObject({ results: [], errors: [] });
    const late = manager.subscribe({ query: "subscription { userAdded { id } }", callback: heard.callback });
    await expect(late).rejects.toMatchObject({ code: "CLOSED" });

    await using fanfare = createFanfare({ schema, log: silentLog });
    await new SubscriptionManager({ fanfare })[Symbol.asyncDispose]();
    await expect(fanfare.publish("userAdded", {})).resolves.toBeUndefined();
  });
});
