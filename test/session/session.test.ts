import { GraphQLError, GraphQLString } from "graphql";
import { describe, expect, it } from "vitest";
import { closeCodes, createFanfare, silentLog } from "fanfare";
import { memoryBroker } from "fanfare/brokers/memory";
import type { Broker } from "fanfare/contract";
import { TestClient, turns } from "fanfare/testing";
import { chatSchema, message, messageType, room, tools } from "../server/chat.ts";
import { connected } from "../server/connected.ts";
import { NotingLog } from "../server/noting-log.ts";
import { StandingTime } from "./standing-time.ts";
import { failing } from "./ticks.ts";

const schema = chatSchema();
const lobby = room({ room: "lobby" });
const query = `subscription { messageAdded(room: "lobby") { id } }`;

describe("A connection is closed", () => {
  it.each([
    { text: "hello", reason: "Not valid JSON" },
    { text: "[]", reason: "Not a JSON object" },
    { text: `{"type":"hello"}`, reason: 'Unknown message type "hello"' },
    { text: `{"type":1}`, reason: '"type" must be a string' },
    { text: `{"type":"ping","payload":{"__proto__":{}}}`, reason: 'The key "__proto__" is not allowed' },
    { text: `{"type":"connection_init","payload":1}`, reason: '"payload" of "connection_init" must be an object' },
    { text: `{"type":"complete"}`, reason: '"id" of "complete" must be a non-empty string' },
  ])("with 4400 for the message $text, PROTOCOL 2.1", async ({ text, reason }) => {
    await using fanfare = createFanfare({ schema, log: silentLog });
    await using client = new TestClient(fanfare);
    client.sendRaw(text);
    expect(await client.waitDisconnect(4400)).toEqual({ code: 4400, reason });
  });

  it.each([
    { payload: {}, reason: '"query" must be a string' },
    { payload: { query: { kind: "Document" } }, reason: '"query" must be a string' },
    { payload: { query, variables: 1 }, reason: '"variables" must be an object' },
    { payload: undefined, reason: '"payload" of "subscribe" must be an object' },
  ])("with 4400 for a subscribe with the payload $payload, PROTOCOL 3.1", async ({ payload, reason }) => {
    await using fanfare = createFanfare({ schema, log: silentLog });
    await using client = await connected(fanfare);
    client.send({ type: "subscribe", id: "1", payload });
    expect(await client.waitDisconnect(4400)).toEqual({ code: 4400, reason });
  });

  it("with 4401 for a subscribe before the acknowledgement, of which nothing is executed, PROTOCOL 2.5", async () => {
    const asked: string[] = [];
    const answer = Promise.withResolvers<void>();
    const hooks = {
      onConnect: () => answer.promise,
      onOperation: (request: { query: string }) => void asked.push(request.query),
    };
    await using fanfare = createFanfare({ schema, log: silentLog, ...hooks });
    await using silent = new TestClient(fanfare);
    await using eager = new TestClient(fanfare);
    await eager.connectAndInit({}, { connectOnly: true });
    for (const client of [silent, eager]) {
      client.start("{ hi }");
      expect(await client.waitDisconnect()).toEqual({ code: 4401, reason: "Unauthorized" });
    }
    answer.resolve();
    await eager.assertNoMessages();
    expect(asked).toEqual([]);
  });

  describe("with 4403 when its application refuses it, PROTOCOL 2.3:", () => {
    it.each([
      { how: "by false", onConnect: () => false, reason: "Forbidden", logged: [] },
      {
        how: "in words of its own",
        onConnect: () => Promise.reject(new GraphQLError("Bad token")),
        reason: "Bad token",
        logged: [],
      },
      {
        how: "by an error that is not meant for clients",
        onConnect: () => {
          throw new Error("db-7.internal is down");
        },
        reason: "Forbidden",
        logged: ["onConnect failed"],
      },
    ])("$how", async ({ onConnect, reason, logged }) => {
      const log = new NotingLog();
      const left: number[] = [];
      await using fanfare = createFanfare({ schema, log, onConnect, onDisconnect: (_, code) => void left.push(code) });
      await using client = new TestClient(fanfare);
      await client.connectAndInit({}, { connectOnly: true });
      expect(await client.waitDisconnect()).toEqual({ code: 4403, reason });
      expect(log.messages).toEqual(logged);
      expect(left).toEqual([]);
    });
  });

  describe("with 4408", () => {
    const reason = "Connection initialisation timeout";

    it("3 seconds after it was opened without an init, PROTOCOL 2.2", async () => {
      const clock = new StandingTime();
      await using fanfare = createFanfare({ schema, log: silentLog, clock });
      await using client = new TestClient(fanfare);
      clock.advance(2_999);
      expect(client.connected).toBe(true);
      clock.advance(1);
      expect(await client.waitDisconnect()).toEqual({ code: 4408, reason });
    });

    it("10 seconds after the init if there is no decision, and not by the deadline before it, PROTOCOL 2.3", async () => {
      const clock = new StandingTime();
      const never = Promise.withResolvers<void>();
      await using fanfare = createFanfare({ schema, log: silentLog, clock, onConnect: () => never.promise });
      await using client = new TestClient(fanfare);
      clock.advance(2_999);
      await client.connectAndInit({}, { connectOnly: true });
      clock.advance(9_999);
      expect(client.connected).toBe(true);
      clock.advance(1);
      expect(await client.waitDisconnect()).toEqual({ code: 4408, reason });
      never.resolve();
      await client.assertNoMessages();
    });

    it("and at no time once it was acknowledged", async () => {
      const clock = new StandingTime();
      await using fanfare = createFanfare({ schema, log: silentLog, clock, keepAlive: Infinity });
      await using client = await connected(fanfare);
      clock.advance(100_000);
      expect(client.connected).toBe(true);
      expect(clock.pending).toBe(0);
    });
  });

  it("with 4409 for the id of an operation that runs, PROTOCOL 3.1", async () => {
    await using fanfare = createFanfare({ schema, log: silentLog });
    await using client = await connected(fanfare);
    await client.subscribe(query);
    client.start("{ hi }", "1");
    expect(await client.waitDisconnect()).toEqual({ code: 4409, reason: "Subscriber for 1 already exists" });
  });

  it("with 4413 when its client reads too slowly, PROTOCOL 6.4", async () => {
    const news = { type: messageType, ...tools.subscription({ topics: () => [lobby], queue: { messages: 1 } }) };
    await using fanfare = createFanfare({ schema: chatSchema({ news }), log: silentLog });
    await using client = await connected(fanfare);
    await client.subscribe("subscription { news { id } }");
    client.pause();
    for (const text of ["one", "two"]) await fanfare.publish(lobby, message(text));
    expect(await client.waitDisconnect()).toEqual({ code: 4413, reason: closeCodes.tooSlow.reason });
  });

  it("with 4429 for a second init before the acknowledgement, PROTOCOL 2.4", async () => {
    const never = Promise.withResolvers<object>();
    await using fanfare = createFanfare({ schema, log: silentLog, onConnect: () => never.promise });
    await using client = new TestClient(fanfare);
    for (let time = 0; time < 2; time += 1) client.send({ type: "connection_init" });
    expect(await client.waitDisconnect()).toEqual({ code: 4429, reason: "Too many initialisation requests" });
    await client.assertNoMessages();
  });

  it("with 4429 for a second init after the acknowledgement, PROTOCOL 2.4", async () => {
    await using fanfare = createFanfare({ schema, log: silentLog });
    await using client = await connected(fanfare);
    client.send({ type: "connection_init" });
    expect(await client.waitDisconnect()).toEqual({ code: 4429, reason: "Too many initialisation requests" });
    await client.assertNoMessages();
  });

  it("with 1012 when the server ends, and without a word about its operations, PROTOCOL 5.1", async () => {
    const fanfare = createFanfare({ schema, log: silentLog });
    await using client = await connected(fanfare);
    await client.subscribe(query);
    await fanfare[Symbol.asyncDispose]();
    expect(await client.waitDisconnect()).toEqual({ code: 1012, reason: "Service restart" });
    await client.assertNoMessages();
  });

  it("with 1013 when the broker cannot confirm a subscription, and without an error for it, PROTOCOL 5.1", async () => {
    const log = new NotingLog();
    await using working = memoryBroker();
    const broker: Broker = {
      ...passingOn(working),
      subscribe: () => Promise.reject(new Error("connection refused")),
    };
    await using fanfare = createFanfare({ schema, broker, log });
    await using client = await connected(fanfare);
    client.start(query);
    expect(await client.waitDisconnect()).toEqual({ code: 1013, reason: "Try again later" });
    await client.assertNoMessages();
    expect(log.messages).toEqual(["A subscription could not be started"]);
  });

  it.each([
    { code: undefined, reason: undefined, expected: { code: 4401, reason: "Closed by the application" } },
    { code: 4100, reason: "Banned", expected: { code: 4100, reason: "Banned" } },
  ])("with $expected.code by its application, PROTOCOL 5.3", async ({ code, reason, expected }) => {
    await using fanfare = createFanfare({
      schema,
      log: silentLog,
      onOperation: (_, connection) => connection.close(code, reason),
    });
    await using client = await connected(fanfare);
    client.start("{ hi }");
    expect(await client.waitDisconnect()).toEqual(expected);
    await client.assertNoMessages();
  });
});

describe("A connection that was closed", () => {
  it("hears nothing any more, PROTOCOL 2.7", async () => {
    const asked: string[] = [];
    const onOperation = (request: { query: string }): void => void asked.push(request.query);
    await using fanfare = createFanfare({ schema, log: silentLog, onOperation });
    await using client = await connected(fanfare);
    client.sendRaw("nonsense");
    client.start("{ hi }");
    client.send({ type: "ping" });
    client.sendRaw("nonsense");
    expect(await client.waitDisconnect(4400)).toMatchObject({ reason: "Not valid JSON" });
    await client.assertNoMessages();
    expect(asked).toEqual([]);
  });

  it("gets nothing of what was being executed for it, PROTOCOL 2.7", async () => {
    const answer = Promise.withResolvers<string>();
    const slow = {
      type: GraphQLString,
      ...tools.subscription({ topics: () => [lobby], resolve: () => answer.promise }),
    };
    await using fanfare = createFanfare({ schema: chatSchema({ slow }), log: silentLog });
    await using client = await connected(fanfare);
    await client.subscribe("subscription { slow }");
    await fanfare.publish(lobby, message("one"));
    client.send({ type: "connection_init" });
    answer.resolve("late");
    await client.waitDisconnect(4429);
    await client.assertNoMessages();
  });

  it("leaves no operation and no topic behind", async () => {
    const clock = new StandingTime();
    await using fanfare = createFanfare({ schema, log: silentLog, clock, linger: 1_000, keepAlive: Infinity });
    await using client = await connected(fanfare);
    await client.subscribe(query);
    clock.advance(10_000);
    expect(clock.pending).toBe(0);
    await client[Symbol.asyncDispose]();
    expect(clock.pending).toBe(1);
    clock.advance(1_000);
    expect(clock.pending).toBe(0);
  });
});

describe("A ping", () => {
  it("is answered with its payload, before the init, before the decision and after it, PROTOCOL 4.1", async () => {
    const decision = Promise.withResolvers<void>();
    await using fanfare = createFanfare({ schema, log: silentLog, onConnect: () => decision.promise });
    await using client = new TestClient(fanfare);
    client.send({ type: "ping", payload: { n: 1 } });
    expect(await client.receive()).toEqual({ type: "pong", payload: { n: 1 } });
    await client.connectAndInit({}, { connectOnly: true });
    client.send({ type: "ping", payload: { n: 2 } });
    expect(await client.receive()).toEqual({ type: "pong", payload: { n: 2 } });
    decision.resolve();
    await client.receive({ type: "connection_ack" });
    client.send({ type: "ping" });
    expect(await client.receive()).toEqual({ type: "pong" });
  });

  it("that is a pong is not answered, PROTOCOL 4.1", async () => {
    await using fanfare = createFanfare({ schema, log: silentLog });
    await using client = await connected(fanfare);
    client.send({ type: "pong", payload: { n: 1 } });
    await client.assertNoMessages();
    expect(client.connected).toBe(true);
  });
});

describe("An operation's id", () => {
  it("is free again after complete of the client, of the server, and after an error, PROTOCOL 3.7", async () => {
    await using fanfare = createFanfare({ schema, log: silentLog });
    await using client = await connected(fanfare);
    for (let round = 0; round < 2; round += 1) {
      client.start(query, "a");
      await turns(8);
      client.complete("a");
      client.start("{ hi }", "a");
      await client.receiveNext("a");
      await client.receiveComplete("a");
      client.start("{ nope }", "a");
      await client.receiveError("a");
      client.start(query, "a");
      await turns(8);
      await fanfare.end(lobby);
      await client.receiveComplete("a");
    }
    await client.assertNoMessages();
  });

  it("that does not run can be completed without harm, PROTOCOL 3.7", async () => {
    await using fanfare = createFanfare({ schema, log: silentLog });
    await using client = await connected(fanfare);
    client.complete("nobody");
    expect(await client.execute("{ hi }")).toEqual({ data: { hi: "hello" } });
  });
});

describe("Hooks", () => {
  it("see the connection's init payload and what onConnect returned", async () => {
    const seen: unknown[] = [];
    await using fanfare = createFanfare({
      schema,
      log: silentLog,
      onConnect: (params) => ({ user: params["user"] }),
      onOperation: (_, connection) => void seen.push(connection.params, connection.connected, connection.peer.address),
    });
    await using client = await connected(fanfare, { user: "ada" });
    await client.execute("{ hi }");
    expect(seen).toEqual([{ user: "ada" }, { user: "ada" }, "127.0.0.1"]);
  });

  it("end what they began: operations first, then the connection, whose socket just died", async () => {
    const seen: string[] = [];
    await using fanfare = createFanfare({
      schema,
      log: silentLog,
      onUnsubscribe: (operation) => void seen.push(`unsubscribe ${operation.id}`),
      onDisconnect: (_, code) => void seen.push(`disconnect ${code}`),
    });
    await using client = await connected(fanfare);
    await client.subscribe(query);
    await client.subscribe(query);
    await client[Symbol.asyncDispose]();
    expect(seen).toEqual(["unsubscribe 1", "unsubscribe 2", "disconnect 1006"]);
  });

  it("that fail at the end are logged and stop nobody else", async () => {
    const log = new NotingLog();
    const hooks = { onUnsubscribe: failing("hook"), onDisconnect: failing("hook") };
    await using fanfare = createFanfare({ schema, log, ...hooks });
    await using client = await connected(fanfare);
    await client.subscribe(query);
    await client[Symbol.asyncDispose]();
    expect(log.messages).toEqual(["onUnsubscribe failed", "onDisconnect failed"]);
  });
});

/** A broker's functions as an object's own, so that one of them can be replaced. */
function passingOn(broker: Broker): Broker {
  return {
    supports: broker.supports,
    open: (sink, signal) => broker.open(sink, signal),
    subscribe: (topics) => broker.subscribe(topics),
    unsubscribe: (topics) => broker.unsubscribe(topics),
    publish: (events) => broker.publish(events),
    [Symbol.asyncDispose]: async () => {},
  };
}
