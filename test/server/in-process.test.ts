import { buildSchema, GraphQLError, GraphQLInt, GraphQLString } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, silentLog, type Fanfare } from "fanfare";
import { memoryBroker } from "fanfare/brokers/memory";
import { turns } from "fanfare/testing";
import { chatSchema, message, messageType, room, tools } from "./chat.ts";
import { NotingLog } from "./noting-log.ts";

const { subscription } = tools;
const lobby = room({ room: "lobby" });
const inLobby = `subscription { messageAdded(room: "lobby") { id } }`;

const one = { data: { messageAdded: { id: "one" } } };
const two = { data: { messageAdded: { id: "two" } } };

describe("A subscription in the same process", () => {
  it("is live when it resolves, and yields each result", async () => {
    await using fanfare = createFanfare({ schema: chatSchema(), log: silentLog });
    const results = await fanfare.subscribe({ query: inLobby });
    await fanfare.publish(lobby, message("one"));
    await fanfare.publish(lobby, message("two"));
    await fanfare.end(lobby);
    const received: unknown[] = [];
    for await (const result of results) received.push(result);
    expect(received).toEqual([one, two]);
  });

  it("takes variables and the name of an operation", async () => {
    await using fanfare = createFanfare({ schema: chatSchema(), log: silentLog });
    const query = `
      subscription In($room: String!) { messageAdded(room: $room) { id } }
      subscription Lobby { messageAdded(room: "lobby") { id } }
    `;
    await using results = await fanfare.subscribe({ query, operationName: "In", variables: { room: "attic" } });
    await fanfare.publish(lobby, message("one"));
    await fanfare.publish(room({ room: "attic" }), message("two"));
    expect(await results.next()).toEqual({ done: false, value: two });
  });

  it("keeps the variables that it was given, whatever the caller does to them later", async () => {
    const schema = buildSchema(
      "type Query { hi: String } input In { of: [Int!] } type Subscription { said(in: In): String }",
    );
    const said = schema.getSubscriptionType()?.getFields()["said"];
    if (!said) throw new TypeError("No field");
    said.resolve = (_source, args, _context, { variableValues }) => JSON.stringify([args, variableValues["coerced"]]);
    await using fanfare = createFanfare({ schema, log: silentLog });
    const variables = { in: { of: [1] } };
    await using results = await fanfare.subscribe({ query: "subscription ($in: In) { said(in: $in) }", variables });
    variables.in.of.push(2);
    variables.in = { of: [] };
    await fanfare.publish("said", {});
    expect(await results.next()).toEqual({
      done: false,
      value: { data: { said: '[{"in":{"of":[1]}},{"in":{"of":[1]}}]' } },
    });
  });

  it("gives resolvers the context that it was given", async () => {
    await using fanfare = createFanfare<{ user: string }>({ schema: chatSchema(), log: silentLog });
    const query = `subscription { messageAdded(room: "lobby") { mine } }`;
    await using ada = await fanfare.subscribe({ query, context: { user: "ada" } });
    await using bob = await fanfare.subscribe({ query, context: { user: "bob" } });
    await fanfare.publish(lobby, message("one"));
    expect((await ada.next()).value).toEqual({ data: { messageAdded: { mine: "ada:one" } } });
    expect((await bob.next()).value).toEqual({ data: { messageAdded: { mine: "bob:one" } } });
  });

  it("makes a context for each event where it was given a function", async () => {
    let contexts = 0;
    await using fanfare = createFanfare<{ user: string }>({ schema: chatSchema(), log: silentLog });
    await using results = await fanfare.subscribe({
      query: `subscription { messageAdded(room: "lobby") { mine } }`,
      context: async () => ({ user: `user ${(contexts += 1)}` }),
    });
    await fanfare.publish(lobby, message("one"));
    await fanfare.publish(lobby, message("two"));
    expect((await results.next()).value).toEqual({ data: { messageAdded: { mine: "user 2:one" } } });
    expect((await results.next()).value).toEqual({ data: { messageAdded: { mine: "user 3:two" } } });
  });

  it("ends when its reader leaves, and `onUnsubscribe` is called once", async () => {
    const told: unknown[] = [];
    const watched = {
      type: messageType,
      ...subscription({
        topics: () => [lobby],
        onUnsubscribe: (_args, { user, operation }) => void told.push([user, operation.name]),
      }),
    };
    await using fanfare = createFanfare<{ user: string }>({ schema: chatSchema({ watched }), log: silentLog });
    const query = "subscription Watch { watched { id } }";
    const results = await fanfare.subscribe({ query, context: { user: "ada" } });
    await fanfare.publish(lobby, message("one"));
    for await (const result of results) {
      expect(result).toEqual({ data: { watched: { id: "one" } } });
      break;
    }
    expect(told).toEqual([["ada", "Watch"]]);
    await fanfare.publish(lobby, message("two"));
    expect(await results.next()).toEqual({ done: true, value: undefined });
    await results.return?.();
    expect(told).toHaveLength(1);
  });

  it("ends when it is disposed, also while somebody waits for its next result", async () => {
    await using fanfare = createFanfare({ schema: chatSchema(), log: silentLog });
    const results = await fanfare.subscribe({ query: inLobby });
    const next = results.next();
    await results[Symbol.asyncDispose]();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  it("ends with its server", async () => {
    const fanfare = createFanfare({ schema: chatSchema(), log: silentLog });
    const results = await fanfare.subscribe({ query: inLobby });
    const next = results.next();
    await fanfare[Symbol.asyncDispose]();
    expect(await next).toEqual({ done: true, value: undefined });
    await expect(fanfare.subscribe({ query: inLobby })).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("opens no session after its server's end, and says so before it looks at the socket", async () => {
    const fanfare = createFanfare({ schema: chatSchema(), log: silentLog });
    await fanfare[Symbol.asyncDispose]();
    const open = (): unknown => Reflect.apply(fanfare.accept.bind(fanfare), undefined, [{}, {}]);
    expect(open).toThrow(expect.objectContaining({ code: "CLOSED" }));
  });

  it("yields the initial value first, however long it takes", async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const state = {
      type: GraphQLString,
      ...subscription({ topics: () => [lobby], resolve: ({ text }) => text, initial: () => promise }),
    };
    await using fanfare = createFanfare({ schema: chatSchema({ state }), log: silentLog });
    const subscribing = fanfare.subscribe({ query: "subscription { state }" });
    await turns(5);
    await fanfare.publish(lobby, message("one"));
    await turns(5);
    resolve("zero");
    await using results = await subscribing;
    expect((await results.next()).value).toEqual({ data: { state: "zero" } });
    expect((await results.next()).value).toEqual({ data: { state: "one" } });
  });

  it("tells what is wrong with the operation as its only result", async () => {
    await using fanfare = createFanfare({ schema: chatSchema(), log: silentLog });
    const received: unknown[] = [];
    for await (const result of await fanfare.subscribe({ query: "subscription { nothing }" })) received.push(result);
    expect(received).toEqual([
      { errors: [expect.objectContaining({ extensions: { code: "GRAPHQL_VALIDATION_FAILED" } })] },
    ]);
  });

  it.each([
    ["topics", { topics: () => Promise.reject(new GraphQLError("Not for you")) }],
    ["initial", { topics: () => [lobby], initial: () => Promise.reject(new GraphQLError("Not for you")) }],
  ])("tells an error of `%s` as its only result", async (_of, declaration) => {
    const refused = { type: messageType, ...subscription(declaration) };
    await using fanfare = createFanfare({ schema: chatSchema({ refused }), log: silentLog });
    const received: unknown[] = [];
    for await (const result of await fanfare.subscribe({ query: "subscription { refused { id } }" })) {
      received.push(result);
    }
    expect(received).toEqual([{ errors: [{ message: "Not for you" }] }]);
  });

  it("fails with BROKER_UNAVAILABLE when the broker cannot confirm it", async () => {
    const broker = Object.assign(memoryBroker(), { subscribe: () => Promise.reject(new Error("no link")) });
    await using fanfare = createFanfare({ schema: chatSchema(), log: silentLog, broker });
    const results = await fanfare.subscribe({ query: inLobby });
    await expect(results.next()).rejects.toMatchObject({ code: "BROKER_UNAVAILABLE" });
    expect(await results.next()).toEqual({ done: true, value: undefined });
  });

  it("answers a query or a mutation with one result", async () => {
    await using fanfare = createFanfare({ schema: chatSchema(), log: silentLog });
    const received: unknown[] = [];
    for await (const result of await fanfare.subscribe({ query: `mutation { shout(text: "a") }` })) {
      received.push(result);
    }
    expect(received).toEqual([{ data: { shout: "A" } }]);
  });

  it("fails with OVERFLOW, after what waits, when its reader is too far behind", async () => {
    await using fanfare = createFanfare({ schema: chatSchema(), log: silentLog });
    const results = await fanfare.subscribe({ query: inLobby, limit: 1 });
    await fanfare.publish(lobby, message("one"));
    await fanfare.publish(lobby, message("two"));
    await turns(5);
    expect((await results.next()).value).toEqual(one);
    await expect(results.next()).rejects.toMatchObject({ code: "OVERFLOW" });
    expect(await results.next()).toEqual({ done: true, value: undefined });
  });

  it("hides an event whose `visible` fails, and other subscribers have it", async () => {
    const log = new NotingLog();
    const guarded = {
      type: messageType,
      ...subscription({
        topics: () => [lobby],
        visible: ({ text }) => {
          if (text === "bad") throw new Error("the list of members is gone");
          return text !== "hidden";
        },
      }),
    };
    await using fanfare = createFanfare({ schema: chatSchema({ guarded }), log });
    await using results = await fanfare.subscribe({ query: "subscription { guarded { id } }" });
    await using others = await fanfare.subscribe({ query: inLobby });
    for (const text of ["bad", "hidden", "good"]) {
      await fanfare.publish(lobby, message(text));
      await turns(3);
      expect((await others.next()).value).toEqual({ data: { messageAdded: { id: text } } });
    }
    expect((await results.next()).value).toEqual({ data: { guarded: { id: "good" } } });
    expect(log.messages).toEqual(["A `visible` failed; its event was hidden"]);
  });

  it("has an operation with the name in the document, state of its own, and topics to join", async () => {
    const named = {
      type: GraphQLString,
      ...subscription({
        topics: () => [lobby],
        resolveFor: async ({ text }, _args, { operation }) => {
          operation.state["count"] = Number(operation.state["count"] ?? 0) + 1;
          if (text === "open") await operation.join(room({ room: "attic" }));
          return `${operation.name} heard ${text}, ${Number(operation.state["count"])} in all`;
        },
      }),
    };
    await using fanfare = createFanfare({ schema: chatSchema({ named }), log: silentLog });
    await using results = await fanfare.subscribe({ query: "subscription Listen { named }" });
    await fanfare.publish(lobby, message("open"));
    expect((await results.next()).value).toEqual({ data: { named: "Listen heard open, 1 in all" } });
    await fanfare.publish(room({ room: "attic" }), message("boo"));
    expect((await results.next()).value).toEqual({ data: { named: "Listen heard boo, 2 in all" } });
  });

  it("reads a source of the field's own at the pace of its reader", async () => {
    let made = 0;
    const counted = {
      type: GraphQLInt,
      subscribe: async function* () {
        while (made < 1_000) yield { counted: (made += 1) };
      },
    };
    await using fanfare: Fanfare = createFanfare({ schema: chatSchema({ counted }), log: silentLog });
    const results = await fanfare.subscribe({ query: "subscription { counted }", limit: 2 });
    await turns(20);
    expect(made).toBe(2);
    let read = 0;
    for await (const result of results) {
      read += 1;
      expect(result).toEqual({ data: { counted: read } });
    }
    expect(read).toBe(1_000);
  });
});
