import { GraphQLError, GraphQLInt, GraphQLString } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, silentLog, SKIP } from "fanfare";
import { chatSchema, message, messageType, room, tools, type Message } from "./chat.ts";
import { connected } from "./connected.ts";

const { subscription } = tools;
const lobby = room({ room: "lobby" });

describe("The value of a declared field", () => {
  it("is the event itself without a `resolve`", async () => {
    const plain = { type: messageType, ...subscription({ topics: () => [lobby] }) };
    await using fanfare = createFanfare({ schema: chatSchema({ plain }), log: silentLog });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { plain { text author { name } } }");
    await fanfare.publish(lobby, message("one"));
    expect(await client.receiveNext(id)).toEqual({ data: { plain: { text: "one", author: { name: "Ada" } } } });
  });

  it("is what `resolve` makes of the event and the arguments, under the alias of the field", async () => {
    const lengthAdded = {
      type: GraphQLInt,
      args: { times: { type: GraphQLInt, defaultValue: 1 } },
      ...subscription({
        topics: (_args: { times: number }) => [lobby],
        resolve: ({ text }, { times }) => text.length * times,
      }),
    };
    await using fanfare = createFanfare({ schema: chatSchema({ lengthAdded }), log: silentLog });
    await using client = await connected(fanfare);
    const once = await client.subscribe("subscription { lengthAdded }");
    await fanfare.publish(lobby, message("four"));
    expect(await client.receiveNext(once)).toEqual({ data: { lengthAdded: 4 } });
    client.complete(once);
    const thrice = await client.subscribe("subscription { long: lengthAdded(times: 3) }");
    await fanfare.publish(lobby, message("four"));
    expect(await client.receiveNext(thrice)).toEqual({ data: { long: 12 } });
  });

  it("is computed once for everybody who shares it, and may be a promise", async () => {
    let computed = 0;
    const counted = {
      type: GraphQLInt,
      ...subscription({ topics: () => [lobby], resolve: async () => (computed += 1) }),
    };
    await using fanfare = createFanfare({ schema: chatSchema({ counted }), log: silentLog });
    await using ada = await connected(fanfare);
    await using bob = await connected(fanfare);
    const first = await ada.subscribe("subscription { counted }");
    const second = await bob.subscribe("subscription { counted }");
    await fanfare.publish(lobby, message("one"));
    expect(await ada.receiveNext(first)).toEqual({ data: { counted: 1 } });
    expect(await bob.receiveNext(second)).toEqual({ data: { counted: 1 } });
  });

  it("is made for each session alone by `resolveFor`, which has the context", async () => {
    const greeting = {
      type: GraphQLString,
      ...subscription({
        topics: () => [lobby],
        resolveFor: async ({ text }, _args, { user }) => `${text}, ${await Promise.resolve(user)}`,
      }),
    };
    await using fanfare = createFanfare({
      schema: chatSchema({ greeting }),
      log: silentLog,
      onConnect: ({ user }) => ({ user }),
    });
    await using ada = await connected(fanfare, { user: "ada" });
    await using bob = await connected(fanfare, { user: "bob" });
    const first = await ada.subscribe("subscription { greeting }");
    const second = await bob.subscribe("subscription { greeting }");
    await fanfare.publish(lobby, message("hello"));
    expect(await ada.receiveNext(first)).toEqual({ data: { greeting: "hello, ada" } });
    expect(await bob.receiveNext(second)).toEqual({ data: { greeting: "hello, bob" } });
  });

  it.each([
    [
      "thrown",
      () => {
        throw new GraphQLError("Not today");
      },
    ],
    ["rejected", () => Promise.reject(new GraphQLError("Not today"))],
  ])("is null with an error when one is %s, and the subscription goes on", async (_how, fail) => {
    const moody = {
      type: GraphQLString,
      ...subscription({ topics: () => [lobby], resolve: ({ text }) => (text === "bad" ? fail() : text) }),
    };
    await using fanfare = createFanfare({ schema: chatSchema({ moody }), log: silentLog });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { moody }");
    await fanfare.publish(lobby, message("bad"));
    await fanfare.publish(lobby, message("good"));
    expect(await client.receiveNext(id)).toEqual({
      errors: [{ message: "Not today", locations: [{ line: 1, column: 16 }], path: ["moody"] }],
      data: { moody: null },
    });
    expect(await client.receiveNext(id)).toEqual({ data: { moody: "good" } });
  });
});

describe("SKIP", () => {
  it.each([
    ["resolve", { resolve: ({ text }: Message) => (text === "quiet" ? SKIP : text) }],
    ["an async resolve", { resolve: async ({ text }: Message) => (text === "quiet" ? SKIP : text) }],
    ["resolveFor", { resolveFor: ({ text }: Message) => (text === "quiet" ? SKIP : text) }],
    ["an async resolveFor", { resolveFor: async ({ text }: Message) => (text === "quiet" ? SKIP : text) }],
  ])("from %s sends nothing for this event", async (_from, how) => {
    const said = { type: GraphQLString, ...subscription({ topics: () => [lobby], ...how }) };
    await using fanfare = createFanfare({ schema: chatSchema({ said }), log: silentLog });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { said }");
    await fanfare.publish(lobby, message("quiet"));
    await client.assertNoMessages();
    await fanfare.publish(lobby, message("loud"));
    expect(await client.receiveNext(id)).toEqual({ data: { said: "loud" } });
    await client.assertNoMessages();
  });

  it("spares a client its own message", async () => {
    const heard = {
      type: GraphQLString,
      ...subscription({
        topics: () => [lobby],
        resolveFor: ({ author, text }, _args, { user }) => (author.name === user ? SKIP : text),
      }),
    };
    await using fanfare = createFanfare({
      schema: chatSchema({ heard }),
      log: silentLog,
      onConnect: ({ user }) => ({ user }),
    });
    await using ada = await connected(fanfare, { user: "Ada" });
    await using bob = await connected(fanfare, { user: "Bob" });
    await ada.subscribe("subscription { heard }");
    const id = await bob.subscribe("subscription { heard }");
    await fanfare.publish(lobby, message("hello"));
    expect(await bob.receiveNext(id)).toEqual({ data: { heard: "hello" } });
    await ada.assertNoMessages();
  });
});

describe("`initial`", () => {
  it("is the first result, before any event, and has arguments and context", async () => {
    const state = {
      type: GraphQLString,
      args: { room: { type: GraphQLString } },
      ...subscription({
        topics: (_args: { room: string }) => [lobby],
        resolve: ({ text }) => text,
        initial: async (args, { user }) => `${args.room} of ${user}`,
      }),
    };
    await using fanfare = createFanfare({
      schema: chatSchema({ state }),
      log: silentLog,
      onConnect: ({ user }) => ({ user }),
    });
    await using client = await connected(fanfare, { user: "ada" });
    const id = await client.subscribe(`subscription { state(room: "lobby") }`);
    await fanfare.publish(lobby, message("one"));
    expect(await client.receiveNext(id)).toEqual({ data: { state: "lobby of ada" } });
    expect(await client.receiveNext(id)).toEqual({ data: { state: "one" } });
  });

  it("loses no event to what happens while it is computed, and stands before it", async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const state = {
      type: GraphQLString,
      ...subscription({ topics: () => [lobby], resolve: ({ text }) => text, initial: () => promise }),
    };
    await using fanfare = createFanfare({ schema: chatSchema({ state }), log: silentLog });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { state }");
    await fanfare.publish(lobby, message("one"));
    await client.assertNoMessages();
    resolve("zero");
    expect(await client.receiveNext(id)).toEqual({ data: { state: "zero" } });
    expect(await client.receiveNext(id)).toEqual({ data: { state: "one" } });
  });

  it("that is SKIP sends nothing", async () => {
    const state = {
      type: GraphQLString,
      ...subscription({ topics: () => [lobby], resolve: ({ text }) => text, initial: () => SKIP }),
    };
    await using fanfare = createFanfare({ schema: chatSchema({ state }), log: silentLog });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { state }");
    await client.assertNoMessages();
    await fanfare.publish(lobby, message("one"));
    expect(await client.receiveNext(id)).toEqual({ data: { state: "one" } });
  });

  it("that throws is an error of the operation", async () => {
    const state = {
      type: GraphQLString,
      ...subscription({
        topics: () => [lobby],
        resolve: ({ text }) => text,
        initial: () => {
          throw new GraphQLError("There is no state yet");
        },
      }),
    };
    await using fanfare = createFanfare({ schema: chatSchema({ state }), log: silentLog });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { state }");
    expect(await client.receiveError(id)).toEqual([{ message: "There is no state yet" }]);
    await fanfare.publish(lobby, message("one"));
    await client.assertNoMessages();
  });
});

describe("`visible`", () => {
  it("is asked for each client when its result leaves, with the arguments", async () => {
    const asked: unknown[] = [];
    let open = true;
    const guarded = {
      type: messageType,
      args: { room: { type: GraphQLString } },
      ...subscription({
        topics: (_args: { room: string }) => [lobby],
        visible: (event, who) => {
          asked.push([event.id, who]);
          return open;
        },
      }),
    };
    await using fanfare = createFanfare({ schema: chatSchema({ guarded }), log: silentLog });
    await using fast = await connected(fanfare);
    await using slow = await connected(fanfare);
    const query = `subscription { guarded(room: "lobby") { id } }`;
    const first = await fast.subscribe(query);
    await slow.subscribe(query);
    slow.pause();
    await fanfare.publish(lobby, message("one"));
    expect(await fast.receiveNext(first)).toEqual({ data: { guarded: { id: "one" } } });
    const who = { viewer: undefined, args: { room: "lobby" } };
    expect(asked).toEqual([["one", who]]);
    open = false;
    slow.resume();
    await slow.assertNoMessages();
    expect(asked).toEqual([
      ["one", who],
      ["one", who],
    ]);
  });

  it("that throws hides the event from that client alone", async () => {
    let asked = 0;
    const guarded = {
      type: messageType,
      ...subscription({
        topics: () => [lobby],
        visible: () => {
          asked += 1;
          if (asked === 1) throw new Error("the list of members is gone");
          return true;
        },
      }),
    };
    await using fanfare = createFanfare({ schema: chatSchema({ guarded }), log: silentLog });
    await using ada = await connected(fanfare);
    await using bob = await connected(fanfare);
    await ada.subscribe("subscription { guarded { id } }");
    const id = await bob.subscribe("subscription { guarded { id } }");
    await fanfare.publish(lobby, message("one"));
    expect(await bob.receiveNext(id)).toEqual({ data: { guarded: { id: "one" } } });
    await ada.assertNoMessages();
  });

  it("that answers later, in plain JavaScript, shows nothing", async () => {
    const guarded = { type: messageType, ...subscription({ topics: () => [lobby], visible: () => JSON.parse("{}") }) };
    await using fanfare = createFanfare({ schema: chatSchema({ guarded }), log: silentLog });
    await using client = await connected(fanfare);
    await client.subscribe("subscription { guarded { id } }");
    await fanfare.publish(lobby, message("one"));
    await client.assertNoMessages();
  });
});
