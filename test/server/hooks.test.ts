import { GraphQLError } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, silentLog, type Connection, type Fanfare, type FanfareOptions } from "fanfare";
import { fakeClock, TestClient, turns } from "fanfare/testing";
import { chatSchema, message, room } from "./chat.ts";
import { connected } from "./connected.ts";
import { LiveClient } from "./live-client.ts";
import { NotingLog } from "./noting-log.ts";

const lobby = room({ room: "lobby" });
const inLobby = `subscription Lobby { messageAdded(room: "lobby") { id } }`;

function serverWith(hooks: Partial<FanfareOptions>): Fanfare {
  return createFanfare({ schema: chatSchema(), log: silentLog, ...hooks });
}

/** Each way in which a hook may fail, with the words of the error. */
const failures: readonly [string, (words: string) => Promise<never>][] = [
  [
    "throws",
    (words) => {
      throw new GraphQLError(words);
    },
  ],
  ["rejects", (words) => Promise.reject(new GraphQLError(words))],
];

describe("onConnect", () => {
  it("is given the payload of the init message and the connection", async () => {
    const seen: unknown[] = [];
    await using fanfare = serverWith({
      onConnect: (params, { id, peer, params: kept }) => {
        seen.push([params, kept, typeof id, peer.address]);
      },
    });
    await using client = await connected(fanfare, { token: "abc" });
    await using other = await connected(fanfare);
    expect(seen).toEqual([
      [{ token: "abc" }, { token: "abc" }, "string", "127.0.0.1"],
      [{}, undefined, "string", "127.0.0.1"],
    ]);
    expect([client.connected, other.connected]).toEqual([true, true]);
  });

  it("may take its time: nothing is acknowledged and nothing runs before it has decided", async () => {
    const { promise, resolve } = Promise.withResolvers<object>();
    await using fanfare = serverWith({ onConnect: () => promise });
    await using client = new TestClient(fanfare);
    await client.connectAndInit({}, { connectOnly: true });
    await using hasty = new TestClient(fanfare);
    await hasty.connectAndInit({}, { connectOnly: true });
    hasty.start("{ hi }");
    await hasty.waitDisconnect(4401);
    await client.assertNoMessages();
    resolve({});
    await client.receive({ type: "connection_ack" });
    await hasty.assertNoMessages();
  });

  it.each([
    ["an object", { user: "ada" }, "ada"],
    ["true", true, "undefined"],
    ["nothing", undefined, "undefined"],
  ])("that returns %s accepts, and what it returns is the context", async (_what, answer, user) => {
    await using fanfare = serverWith({ onConnect: async () => answer });
    await using client = await connected(fanfare);
    const id = await client.subscribe(`subscription { messageAdded(room: "lobby") { mine } }`);
    await fanfare.publish(lobby, message("one"));
    expect(await client.receiveNext(id)).toEqual({ data: { messageAdded: { mine: `${user}:one` } } });
  });

  it.each([
    ["false", () => false],
    ["a promise of false", () => Promise.resolve(false)],
  ])("that returns %s refuses with 4403", async (_what, onConnect) => {
    await using fanfare = serverWith({ onConnect });
    await using client = new TestClient(fanfare);
    await client.connectAndInit({}, { connectOnly: true });
    expect(await client.waitDisconnect(4403)).toEqual({ code: 4403, reason: "Forbidden" });
    await client.assertNoMessages();
  });

  it.each(failures)("that %s refuses with the words of a GraphQLError", async (_how, fail) => {
    await using fanfare = serverWith({ onConnect: () => fail("Prohibited connection!") });
    await using client = new TestClient(fanfare);
    await client.connectAndInit({}, { connectOnly: true });
    expect(await client.waitDisconnect(4403)).toEqual({ code: 4403, reason: "Prohibited connection!" });
  });

  it("that fails otherwise says nothing of why to the client, and everything to the operator", async () => {
    const log = new NotingLog();
    const error = new Error("the password of the database is 1234");
    await using fanfare = serverWith({ onConnect: () => Promise.reject(error), log });
    await using client = new TestClient(fanfare);
    await client.connectAndInit({}, { connectOnly: true });
    expect(await client.waitDisconnect(4403)).toEqual({ code: 4403, reason: "Forbidden" });
    expect(log.entries).toEqual([{ level: "error", message: "onConnect failed", details: { error } }]);
  });

  it("that does not decide in time refuses with 4408, and its late answer changes nothing", async () => {
    const clock = fakeClock();
    const { promise, resolve } = Promise.withResolvers<boolean>();
    await using fanfare = serverWith({ onConnect: () => promise, clock, limits: { ackMilliseconds: 500 } });
    await using client = new TestClient(fanfare);
    await client.connectAndInit({}, { connectOnly: true });
    clock.advance(499);
    expect(client.connected).toBe(true);
    clock.advance(1);
    await client.waitDisconnect(4408);
    resolve(true);
    clock.advance(1);
    await client.assertNoMessages();
  });

  it("may close the connection itself, with a code of its own", async () => {
    await using fanfare = serverWith({ onConnect: (_params, connection) => connection.close(4999, "Elsewhere") });
    await using client = new TestClient(fanfare);
    await client.connectAndInit({}, { connectOnly: true });
    expect(await client.waitDisconnect()).toEqual({ code: 4999, reason: "Elsewhere" });
  });
});

describe("onOperation", () => {
  it("is called before each operation of any kind, with its request and connection", async () => {
    const seen: unknown[] = [];
    await using fanfare = serverWith({
      onConnect: ({ user }) => ({ user }),
      onOperation: async (request, connection) => void seen.push([request, connection.connected]),
    });
    await using client = await connected(fanfare, { user: "ada" });
    const variables = { t: "a" };
    const extensions = { trace: "7" };
    const query = "mutation Say($t: String) { shout(text: $t) }";
    await client.execute({ query, variables, operationName: "Say", extensions });
    await client.execute("{ hi }");
    await client.subscribe(inLobby);
    expect(seen).toMatchObject([
      [{ query, variables, operationName: "Say", extensions }, { user: "ada" }],
      [{ query: "{ hi }" }, { user: "ada" }],
      [{ query: inLobby }, { user: "ada" }],
    ]);
  });

  it.each(failures)("that %s cancels the operation with that error, and no other", async (_how, fail) => {
    await using fanfare = serverWith({
      onOperation: ({ query }) => (query === inLobby ? fail("Your session has expired") : undefined),
    });
    await using client = await connected(fanfare);
    const id = await client.subscribe(inLobby);
    expect(await client.receiveError(id)).toEqual([{ message: "Your session has expired" }]);
    await fanfare.publish(lobby, message("one"));
    await client.assertNoMessages();
    expect(await client.execute("{ hi }")).toEqual({ data: { hi: "hello" } });
  });

  it("that fails otherwise is masked", async () => {
    await using fanfare = serverWith({ onOperation: () => Promise.reject(new Error("1234")) });
    await using client = await connected(fanfare);
    expect(await client.receiveError(client.start("{ hi }"))).toEqual([
      { message: "Internal server error", extensions: { code: "INTERNAL_SERVER_ERROR" } },
    ]);
  });

  it("runs for operations by HTTP as well", async () => {
    const seen: unknown[] = [];
    await using fanfare = serverWith({
      onOperation: ({ query }, connection) => {
        seen.push([query, connection.params, connection.peer.header("x-user")]);
        if (query === "{ no: hi }") throw new GraphQLError("Not by HTTP");
      },
    });
    const { port } = await fanfare.listen({ port: 0 });
    const post = async (query: string): Promise<unknown> => {
      const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-user": "ada" },
        body: JSON.stringify({ query }),
      });
      return response.json();
    };
    expect(await post("{ hi }")).toEqual({ data: { hi: "hello" } });
    expect(await post("{ no: hi }")).toEqual({ errors: [{ message: "Not by HTTP" }] });
    expect(seen).toEqual([
      ["{ hi }", undefined, "ada"],
      ["{ no: hi }", undefined, "ada"],
    ]);
  });

  it("that is still at it when the client stops the operation lets nothing be started", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const subscribed: unknown[] = [];
    await using fanfare = serverWith({
      onOperation: () => promise,
      onSubscribe: (request) => void subscribed.push(request),
      onUnsubscribe: (operation) => void subscribed.push(operation),
    });
    await using client = await connected(fanfare);
    const id = client.start(inLobby);
    client.complete(id);
    resolve();
    await turns(5);
    await fanfare.publish(lobby, message("one"));
    await client.assertNoMessages();
    expect(subscribed).toEqual([]);
  });
});

describe("onSubscribe", () => {
  it("is called before each subscription, and not for queries and mutations", async () => {
    const seen: string[] = [];
    await using fanfare = serverWith({ onSubscribe: async ({ query }) => void seen.push(query) });
    await using client = await connected(fanfare);
    await client.execute("{ hi }");
    await client.execute("mutation { shout }");
    const id = await client.subscribe(inLobby);
    await fanfare.publish(lobby, message("one"));
    expect(await client.receiveNext(id)).toEqual({ data: { messageAdded: { id: "one" } } });
    expect(seen).toEqual([inLobby]);
  });

  it.each([
    ["at once", <Value>(value: Value) => value],
    ["later", async <Value>(value: Value) => value],
  ])("may rewrite the query, its variables and the operation's name %s", async (_when, answer) => {
    const query = `
      subscription A($room: String!) { messageAdded(room: $room) { id } }
      subscription B($room: String!) { messageAdded(room: $room) { text } }
    `;
    await using fanfare = serverWith({
      onSubscribe: () => answer({ query, operationName: "B", variables: { room: "attic" } }),
    });
    await using client = await connected(fanfare);
    const id = await client.subscribe(inLobby);
    await fanfare.publish(lobby, message("one"));
    await fanfare.publish(room({ room: "attic" }), message("two"));
    expect(await client.receiveNext(id)).toEqual({ data: { messageAdded: { text: "two" } } });
    await client.assertNoMessages();
  });

  it("gives the changed request to the context of each execution", async () => {
    await using fanfare = serverWith({
      onSubscribe: (request) => ({ ...request, extensions: { user: "ada" } }),
      context: ({ request }) => ({ user: request.extensions?.["user"] }),
    });
    await using client = await connected(fanfare);
    const id = await client.subscribe(`subscription { messageAdded(room: "lobby") { mine } }`);
    await fanfare.publish(lobby, message("one"));
    expect(await client.receiveNext(id)).toEqual({ data: { messageAdded: { mine: "ada:one" } } });
  });

  it("whose changed request is not valid has the errors told", async () => {
    await using fanfare = serverWith({ onSubscribe: () => ({ query: "subscription { nothing }" }) });
    await using client = await connected(fanfare);
    const id = client.start(inLobby);
    expect(await client.receiveError(id)).toMatchObject([{ extensions: { code: "GRAPHQL_VALIDATION_FAILED" } }]);
  });

  it.each(failures)("that %s cancels the operation with that error", async (_how, fail) => {
    await using fanfare = serverWith({ onSubscribe: () => fail("Too many rooms") });
    await using client = await connected(fanfare);
    expect(await client.receiveError(client.start(inLobby))).toEqual([{ message: "Too many rooms" }]);
    expect(await client.execute("{ hi }")).toEqual({ data: { hi: "hello" } });
  });
});

describe("onUnsubscribe", () => {
  const ends: readonly [string, (client: TestClient, id: string, fanfare: Fanfare) => void | Promise<void>][] = [
    ["the client completes it", (client, id) => client.complete(id)],
    ["the server ends its topic", (_client, _id, fanfare) => fanfare.end(lobby)],
    ["the socket dies", (client) => client.socket.terminate()],
    ["the server is disposed", (_client, _id, fanfare) => fanfare[Symbol.asyncDispose]()],
  ];

  it.each(ends)("is called once after each subscription when %s", async (_when, end) => {
    const told: unknown[] = [];
    await using fanfare = serverWith({
      onUnsubscribe: async ({ id, name }, connection) => void told.push([id, name, connection.id]),
    });
    await using client = await connected(fanfare);
    const id = await client.subscribe(inLobby);
    await client.execute("{ hi }");
    expect(told).toEqual([]);
    await end(client, id, fanfare);
    await turns(3);
    client.socket.terminate();
    await turns(3);
    expect(told).toEqual([[id, "Lobby", expect.any(String)]]);
  });

  it("is called for each subscription of a real client whose socket dies", async () => {
    const told: unknown[] = [];
    const { promise: disconnected, resolve } = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    const asked: unknown[] = [];
    await using fanfare = serverWith({
      onSubscribe: (request) => {
        if (asked.push(request) === 2) started.resolve();
      },
      onUnsubscribe: ({ name }) => {
        if (told.push(name) === 2) ended.resolve();
      },
      onDisconnect: () => resolve(),
    });
    const client = await LiveClient.of(fanfare);
    const results = ["A", "B"].map((name) => {
      const query = `subscription ${name} { messageAdded(room: "lobby") { id } }`;
      return expect(client.iterate({ query }).next()).rejects.toMatchObject({ code: 1006 });
    });
    await started.promise;
    await client.cut();
    await disconnected;
    await ended.promise;
    await Promise.all(results);
    expect(new Set(told)).toEqual(new Set(["A", "B"]));
    expect(told).toHaveLength(2);
  });

  it.each(failures)("that %s is told to the operator alone", async (_how, fail) => {
    const log = new NotingLog();
    await using fanfare = serverWith({ onUnsubscribe: () => fail("no"), log });
    await using client = await connected(fanfare);
    client.complete(await client.subscribe(inLobby));
    await client.assertNoMessages();
    expect(log.messages).toEqual(["onUnsubscribe failed"]);
    expect(await client.execute("{ hi }")).toEqual({ data: { hi: "hello" } });
  });
});

describe("onDisconnect", () => {
  it("is called once after the end of a connection and of its operations, with the code and the reason", async () => {
    const told: unknown[] = [];
    await using fanfare = serverWith({
      onConnect: ({ user }) => ({ user }),
      onUnsubscribe: ({ name }) => void told.push(name),
      onDisconnect: async (connection, code, reason) => void told.push([connection.connected, code, reason]),
    });
    await using client = await connected(fanfare, { user: "ada" });
    await client.subscribe('subscription A { messageAdded(room: "lobby") { id } }');
    await client.subscribe('subscription B { messageAdded(room: "lobby") { id } }');
    client.socket.terminate();
    await turns(3);
    expect(told).toEqual(["A", "B", [{ user: "ada" }, 1006, ""]]);
  });

  it("is told the code with which a real client leaves", async () => {
    const { promise: told, resolve } = Promise.withResolvers<unknown>();
    await using fanfare = serverWith({ onDisconnect: (_connection, code, reason) => resolve([code, reason]) });
    const client = await LiveClient.of(fanfare);
    const results = client.iterate({ query: "{ hi }" });
    expect((await results.next()).value).toEqual({ data: { hi: "hello" } });
    await results.return?.();
    expect(await told).toEqual([1000, "Normal Closure"]);
  });

  it("is told the code with which the application closed the connection", async () => {
    const told: unknown[] = [];
    let open: Connection | undefined;
    await using fanfare = serverWith({
      onConnect: (_params, connection) => {
        open = connection;
      },
      onDisconnect: (_connection, code, reason) => void told.push([code, reason]),
    });
    await using client = await connected(fanfare);
    open?.close(4001, "You were banned");
    expect(await client.waitDisconnect()).toEqual({ code: 4001, reason: "You were banned" });
    expect(told).toEqual([[4001, "You were banned"]]);
  });

  it("is not called for a connection that was refused, or that never introduced itself", async () => {
    const told: unknown[] = [];
    await using fanfare = serverWith({
      onConnect: ({ user }) => user !== undefined,
      onDisconnect: (_connection, code) => void told.push(code),
    });
    await using refused = new TestClient(fanfare);
    await refused.connectAndInit({}, { connectOnly: true });
    await refused.waitDisconnect(4403);
    await using silent = new TestClient(fanfare);
    silent.socket.terminate();
    await turns(3);
    expect(told).toEqual([]);
  });

  it("is called for a connection that was accepted when it had gone already", async () => {
    const told: unknown[] = [];
    const { promise, resolve } = Promise.withResolvers<object>();
    await using fanfare = serverWith({
      onConnect: () => promise,
      onDisconnect: (connection, code) => void told.push([connection.connected, code]),
    });
    await using client = new TestClient(fanfare);
    await client.connectAndInit({}, { connectOnly: true });
    client.socket.terminate();
    await turns(2);
    expect(told).toEqual([]);
    resolve({ user: "ada" });
    await turns(2);
    expect(told).toEqual([[{ user: "ada" }, 1006]]);
  });

  it.each(failures)("that %s is told to the operator", async (_how, fail) => {
    const log = new NotingLog();
    await using fanfare = serverWith({ onDisconnect: () => fail("no"), log });
    await using client = await connected(fanfare);
    client.socket.terminate();
    await turns(3);
    expect(log.messages).toEqual(["onDisconnect failed"]);
  });
});
