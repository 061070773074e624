import { GraphQLString } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, silentLog, type OperationContext, type OperationHandle } from "fanfare";
import { memoryBroker } from "fanfare/brokers/memory";
import { turns } from "fanfare/testing";
import { chatSchema, message, messageType, room, tools } from "./chat.ts";
import { connected } from "./connected.ts";

const { subscription } = tools;
const lobby = room({ room: "lobby" });
const attic = room({ room: "attic" });
const cellar = room({ room: "cellar" });

/** Moves with what it hears: "join attic", "leave lobby". */
const moving = {
  type: GraphQLString,
  ...subscription({
    topics: () => [lobby],
    resolveFor: async ({ text }, _args, { operation }) => {
      const [what, ...rooms] = text.split(" ");
      const topics = rooms.map((name) => room({ room: name }));
      if (what === "join") await operation.join(...topics);
      if (what === "leave") await operation.leave(...topics);
      return text;
    },
  }),
};

describe("A running operation", () => {
  it("joins a topic, and hears what is published there from then on", async () => {
    await using fanfare = createFanfare({ schema: chatSchema({ moving }), log: silentLog });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { moving }");
    await fanfare.publish(attic, message("too early"));
    await fanfare.publish(lobby, message("join attic cellar"));
    expect(await client.receiveNext(id)).toEqual({ data: { moving: "join attic cellar" } });
    await fanfare.publish(attic, message("from the attic"));
    expect(await client.receiveNext(id)).toEqual({ data: { moving: "from the attic" } });
    await fanfare.publish([attic, cellar, lobby], message("from everywhere"));
    expect(await client.receiveNext(id)).toEqual({ data: { moving: "from everywhere" } });
    await client.assertNoMessages();
  });

  it("leaves a topic, and hears nothing of it any more", async () => {
    await using fanfare = createFanfare({ schema: chatSchema({ moving }), log: silentLog });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { moving }");
    await fanfare.publish(lobby, message("join attic"));
    await client.receiveNext(id);
    await fanfare.publish(attic, message("leave lobby"));
    await client.receiveNext(id);
    await fanfare.publish(lobby, message("unheard"));
    await client.assertNoMessages();
    await fanfare.publish(attic, message("heard"));
    expect(await client.receiveNext(id)).toEqual({ data: { moving: "heard" } });
  });

  it("may leave all its topics and go on", async () => {
    await using fanfare = createFanfare({ schema: chatSchema({ moving }), log: silentLog });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { moving }");
    await fanfare.publish(lobby, message("leave lobby attic"));
    await client.receiveNext(id);
    await fanfare.publish(lobby, message("unheard"));
    await client.assertNoMessages();
    client.complete(id);
    expect(await client.execute("{ hi }")).toEqual({ data: { hi: "hello" } });
  });

  it("gives up what it joined when it ends", async () => {
    const broker = memoryBroker();
    const given: string[] = [];
    const watching = Object.assign(broker, {
      unsubscribe: async (topics: readonly string[]) => void given.push(...topics),
    });
    await using fanfare = createFanfare({
      schema: chatSchema({ moving }),
      log: silentLog,
      broker: watching,
      linger: 0,
    });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { moving }");
    await fanfare.publish(lobby, message("join attic"));
    await client.receiveNext(id);
    client.socket.terminate();
    await turns(3);
    expect(given.toSorted()).toEqual(["room:attic", "room:lobby"]);
  });

  it("joins and leaves alone, although it shared its work with others until then", async () => {
    const handles = new Map<string | undefined, OperationHandle>();
    const shared = {
      type: messageType,
      ...subscription({
        topics: (_args: object, { operation, user }) => {
          handles.set(user, operation);
          return [lobby];
        },
      }),
    };
    await using fanfare = createFanfare({
      schema: chatSchema({ shared }),
      log: silentLog,
      onConnect: ({ user }) => ({ user }),
    });
    await using ada = await connected(fanfare, { user: "ada" });
    await using bob = await connected(fanfare, { user: "bob" });
    const first = await ada.subscribe("subscription { shared { id } }");
    const second = await bob.subscribe("subscription { shared { id } }");
    const [published] = await Promise.all([
      fanfare.publish(lobby, message("one")),
      handles.get("ada")?.join(attic),
      fanfare.publish(lobby, message("two")),
    ]);
    expect(published).toBeUndefined();
    await fanfare.publish(attic, message("three"));
    await fanfare.publish(lobby, message("four"));
    for (const text of ["one", "two", "three", "four"]) {
      expect(await ada.receiveNext(first)).toEqual({ data: { shared: { id: text } } });
    }
    for (const text of ["one", "two", "four"]) {
      expect(await bob.receiveNext(second)).toEqual({ data: { shared: { id: text } } });
    }
    await handles.get("ada")?.leave(lobby);
    await fanfare.publish(lobby, message("five"));
    expect(await bob.receiveNext(second)).toEqual({ data: { shared: { id: "five" } } });
    await ada.assertNoMessages();
    await bob.assertNoMessages();
  });

  it("joins and leaves nothing as a query or a mutation, by whatever way it came", async () => {
    const handles: OperationHandle[] = [];
    await using fanfare = createFanfare({
      schema: chatSchema(),
      log: silentLog,
      context: async ({ operation }) => {
        handles.push(operation);
        await operation.join(lobby);
        await operation.leave(lobby);
        return {};
      },
    });
    await using client = await connected(fanfare);
    expect(await client.execute("query Hi { hi }")).toEqual({ data: { hi: "hello" } });
    const { port } = await fanfare.listen({ port: 0 });
    const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query: "query Hi { hi }" }),
    });
    expect(await response.json()).toEqual({ data: { hi: "hello" } });
    expect(handles.map(({ name }) => name)).toEqual(["Hi", "Hi"]);
  });
});

describe("The state of an operation", () => {
  const remembering = {
    type: GraphQLString,
    ...subscription({
      topics: (_args: object, { operation }: OperationContext) => {
        operation.state["heard"] = [];
        return [lobby];
      },
      initial: (_args, { operation }) => `${operation.name} begins`,
      resolveFor: ({ text }, _args, { operation }) => {
        const heard = operation.state["heard"];
        if (!Array.isArray(heard)) return "nothing to remember";
        operation.state["heard"] = [...heard, text];
        return heard.join("+");
      },
    }),
  };

  it("lives from subscribing to the last event, while the context is made anew", async () => {
    await using fanfare = createFanfare({ schema: chatSchema({ remembering }), log: silentLog, context: () => ({}) });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription Log { remembering }");
    expect(await client.receiveNext(id)).toEqual({ data: { remembering: "Log begins" } });
    for (const text of ["a", "b", "c"]) await fanfare.publish(lobby, message(text));
    for (const heard of ["", "a", "a+b"]) {
      expect(await client.receiveNext(id)).toEqual({ data: { remembering: heard } });
    }
  });

  it("belongs to one operation alone, also where one connection has several", async () => {
    await using fanfare = createFanfare({ schema: chatSchema({ remembering }), log: silentLog });
    await using client = await connected(fanfare);
    const first = await client.subscribe("subscription First { remembering }");
    await client.receiveNext(first);
    await fanfare.publish(lobby, message("a"));
    await client.receiveNext(first);
    const second = await client.subscribe("subscription Second { remembering }");
    await client.receiveNext(second);
    await fanfare.publish(lobby, message("b"));
    const results = [await client.receive({ type: "next" }), await client.receive({ type: "next" })];
    expect(results).toContainEqual({ type: "next", id: first, payload: { data: { remembering: "a" } } });
    expect(results).toContainEqual({ type: "next", id: second, payload: { data: { remembering: "" } } });
  });
});
