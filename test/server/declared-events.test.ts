import { GraphQLInt, GraphQLString } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, silentLog } from "fanfare";
import { turns } from "fanfare/testing";
import { chatSchema, message, messageType, room, tools, type Message } from "./chat.ts";
import { connected } from "./connected.ts";
import { NotingLog } from "./noting-log.ts";

const { subscription, topic } = tools;
const lobby = room({ room: "lobby" });

interface Wanted {
  readonly author?: string;
  readonly text?: string;
}

const wantedArgs = { author: { type: GraphQLString }, text: { type: GraphQLString } };

describe("The topics of a declared field", () => {
  it("follow from the arguments", async () => {
    await using fanfare = createFanfare({ schema: chatSchema(), log: silentLog });
    await using client = await connected(fanfare);
    const query = "subscription Room($room: String!) { messageAdded(room: $room) { id } }";
    const id = await client.subscribe({ query, variables: { room: "attic" } });
    await fanfare.publish(lobby, message("one"));
    await fanfare.publish(room({ room: "attic" }), message("two"));
    expect(await client.receiveNext(id)).toEqual({ data: { messageAdded: { id: "two" } } });
    await client.assertNoMessages();
  });

  it("may be found asynchronously, and with the help of the context", async () => {
    const mine = {
      type: messageType,
      ...subscription({
        topics: async (_args: object, { user }) => [room({ room: await Promise.resolve(`of:${user}`) })],
      }),
    };
    await using fanfare = createFanfare({
      schema: chatSchema({ mine }),
      log: silentLog,
      onConnect: ({ user }) => ({ user }),
    });
    await using ada = await connected(fanfare, { user: "ada" });
    await using bob = await connected(fanfare, { user: "bob" });
    const id = await ada.subscribe("subscription { mine { id } }");
    await bob.subscribe("subscription { mine { id } }");
    await fanfare.publish(room({ room: "of:ada" }), message("one"));
    expect(await ada.receiveNext(id)).toEqual({ data: { mine: { id: "one" } } });
    await bob.assertNoMessages();
  });

  it("may be several, of which one event reaches the operation once", async () => {
    const anywhere = {
      type: messageType,
      ...subscription({ topics: () => [lobby, room({ room: "attic" }), lobby] }),
    };
    await using fanfare = createFanfare({ schema: chatSchema({ anywhere }), log: silentLog });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { anywhere { id } }");
    await fanfare.publish([lobby, room({ room: "attic" }), room({ room: "cellar" })], message("one"));
    await fanfare.publish(room({ room: "attic" }), message("two"));
    await fanfare.publish(lobby, message("three"));
    const received = [await client.receiveNext(id), await client.receiveNext(id), await client.receiveNext(id)];
    expect(received).toEqual(["one", "two", "three"].map((text) => ({ data: { anywhere: { id: text } } })));
    await client.assertNoMessages();
  });

  it("end the operation when any of them is ended", async () => {
    const anywhere = {
      type: messageType,
      ...subscription({ topics: () => [lobby, room({ room: "attic" })] }),
    };
    await using fanfare = createFanfare({ schema: chatSchema({ anywhere }), log: silentLog });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { anywhere { id } }");
    await fanfare.end(room({ room: "attic" }));
    await client.receiveComplete(id);
    await fanfare.publish(lobby, message("one"));
    await client.assertNoMessages();
  });

  it("are an error of the operation alone when they cannot be found", async () => {
    const lost = {
      type: messageType,
      ...subscription<{ user?: string }, object, Message>({
        topics: () => {
          throw new Error("the table of rooms is gone");
        },
      }),
    };
    await using fanfare = createFanfare({ schema: chatSchema({ lost }), log: silentLog });
    await using client = await connected(fanfare);
    const id = client.start("subscription { lost { id } }");
    expect(await client.receiveError(id)).toEqual([
      { message: "Internal server error", extensions: { code: "INTERNAL_SERVER_ERROR" } },
    ]);
    expect(await client.execute("{ hi }")).toEqual({ data: { hi: "hello" } });
  });
});

/** A field that listens to the lobby for what equals its arguments, and writes down whose events its filter saw. */
function matching(asked: string[] = []) {
  return {
    type: messageType,
    args: wantedArgs,
    ...subscription({
      topics: (_args: Wanted) => [lobby],
      match: ({ author, text }) => ({ id: author, text }),
      filter: (event) => asked.push(event.id) > 0,
    }),
  };
}

describe("`match`", () => {
  it("lets only events pass whose properties are equal", async () => {
    await using fanfare = createFanfare({ schema: chatSchema({ matching: matching() }), log: silentLog });
    await using client = await connected(fanfare);
    const ada = await client.subscribe(`subscription { matching(author: "ada") { id } }`);
    const bob = await client.subscribe(`subscription { matching(author: "bob") { id } }`);
    await fanfare.publish(lobby, message("one", { id: "bob" }));
    await fanfare.publish(lobby, message("two", { id: "eve" }));
    await fanfare.publish(lobby, message("three", { id: "ada" }));
    expect(await client.receiveNext(bob)).toEqual({ data: { matching: { id: "bob" } } });
    expect(await client.receiveNext(ada)).toEqual({ data: { matching: { id: "ada" } } });
    await client.assertNoMessages();
  });

  it("needs all of several properties, and sets no condition where the value is undefined", async () => {
    await using fanfare = createFanfare({ schema: chatSchema({ matching: matching() }), log: silentLog });
    await using client = await connected(fanfare);
    const both = await client.subscribe(`subscription { matching(author: "ada", text: "hello") { text } }`);
    const all = await client.subscribe("subscription { matching { text } }");
    await fanfare.publish(lobby, message("bye", { id: "ada" }));
    expect(await client.receiveNext(all)).toEqual({ data: { matching: { text: "bye" } } });
    await fanfare.publish(lobby, message("hello", { id: "ada" }));
    const received = [await client.receive({ type: "next" }), await client.receive({ type: "next" })];
    expect(new Set(received.map(({ id }) => id))).toEqual(new Set([both, all]));
    await client.assertNoMessages();
  });

  it("finds its subscribers by an index: nobody else's filter is asked", async () => {
    const asked: string[] = [];
    await using fanfare = createFanfare({ schema: chatSchema({ matching: matching(asked) }), log: silentLog });
    await using client = await connected(fanfare);
    for (const author of ["ada", "bob", "eve", "joe"]) {
      await client.subscribe(`subscription { matching(author: "${author}") { id } }`);
    }
    await fanfare.publish(lobby, message("one", { id: "eve" }));
    await client.receive({ type: "next" });
    expect(asked).toEqual(["eve"]);
  });
});

describe("`filter`", () => {
  it("decides by the event and the arguments", async () => {
    await using fanfare = createFanfare({ schema: chatSchema(), log: silentLog });
    await using client = await connected(fanfare);
    const id = await client.subscribe(`subscription { messageAdded(room: "lobby", author: "Bob") { id } }`);
    await fanfare.publish(lobby, message("one"));
    await fanfare.publish(lobby, message("two", { author: { id: "2", name: "Bob" } }));
    expect(await client.receiveNext(id)).toEqual({ data: { messageAdded: { id: "two" } } });
    await client.assertNoMessages();
  });

  it("is asked once for everybody with the same arguments", async () => {
    let asked = 0;
    const counted = {
      type: messageType,
      ...subscription({ topics: () => [lobby], filter: () => (asked += 1) > 0 }),
    };
    await using fanfare = createFanfare({ schema: chatSchema({ counted }), log: silentLog });
    await using ada = await connected(fanfare);
    await using bob = await connected(fanfare);
    const clients = [ada, bob];
    const ids = await Promise.all(clients.map((client) => client.subscribe("subscription { counted { id } }")));
    await fanfare.publish(lobby, message("one"));
    for (const [index, client] of clients.entries()) await client.receiveNext(ids[index] ?? "");
    expect(asked).toBe(1);
  });

  it("may take its time, and the events keep their order", async () => {
    const answers = new Map([
      ["one", Promise.withResolvers<boolean>()],
      ["two", Promise.withResolvers<boolean>()],
      ["three", Promise.withResolvers<boolean>()],
    ]);
    const slow = {
      type: messageType,
      ...subscription({ topics: () => [lobby], filter: async ({ id }) => (await answers.get(id)?.promise) ?? false }),
    };
    await using fanfare = createFanfare({ schema: chatSchema({ slow }), log: silentLog });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { slow { id } }");
    for (const text of answers.keys()) await fanfare.publish(lobby, message(text));
    answers.get("three")?.resolve(true);
    answers.get("two")?.resolve(false);
    await client.assertNoMessages();
    answers.get("one")?.resolve(true);
    expect(await client.receiveNext(id)).toEqual({ data: { slow: { id: "one" } } });
    expect(await client.receiveNext(id)).toEqual({ data: { slow: { id: "three" } } });
    await client.assertNoMessages();
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("no such author");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no such author"))],
  ])("that %s hides the event, tells the operator, and is asked again for the next", async (_how, fail) => {
    const log = new NotingLog();
    const failing = {
      type: messageType,
      args: { count: { type: GraphQLInt } },
      ...subscription({ topics: () => [lobby], filter: ({ id }) => (id === "bad" ? fail() : true) }),
    };
    await using fanfare = createFanfare({ schema: chatSchema({ failing }), log });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { failing { id } }");
    const other = await client.subscribe(`subscription { messageAdded(room: "lobby") { id } }`);
    await fanfare.publish(lobby, message("bad"));
    expect(await client.receiveNext(other)).toEqual({ data: { messageAdded: { id: "bad" } } });
    await turns(2);
    expect(log.messages).toEqual(["A filter failed; its event was not delivered"]);
    await fanfare.publish(lobby, message("good"));
    const received = [await client.receive({ type: "next" }), await client.receive({ type: "next" })];
    expect(received).toContainEqual({ type: "next", id, payload: { data: { failing: { id: "good" } } } });
  });
});

describe("A topic family", () => {
  it("keeps topics apart whose values look alike", async () => {
    const seat = topic("seat", {
      row: String,
      name: String,
    }).of<Message>();
    const seatTaken = { type: messageType, ...subscription({ topics: () => [seat({ row: "a:b", name: "c" })] }) };
    await using fanfare = createFanfare({ schema: chatSchema({ seatTaken }), log: silentLog });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { seatTaken { id } }");
    await fanfare.publish(seat({ row: "a", name: "b:c" }), message("one"));
    await fanfare.publish(seat({ row: "a:b", name: "c" }), message("two"));
    expect(await client.receiveNext(id)).toEqual({ data: { seatTaken: { id: "two" } } });
    await client.assertNoMessages();
  });
});
