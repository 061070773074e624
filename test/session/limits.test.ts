import { GraphQLInt, GraphQLObjectType, GraphQLSchema, GraphQLString, type GraphQLFieldConfig } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, FanfareError, silentLog, type Fanfare, type FanfareOptions } from "fanfare";
import type { Topic } from "fanfare/declare";
import { TestClient, turns } from "fanfare/testing";
import { defaultSessionLimits, sessionLimits } from "../../src/session/limits.ts";
import { chatSchema, message, room, tools } from "../server/chat.ts";
import { connected } from "../server/connected.ts";
import { StandingTime } from "./standing-time.ts";

const schema = chatSchema();
const lobby = room({ room: "lobby" });
const query = `subscription { messageAdded(room: "lobby") { id } }`;

function serverWith(limits: FanfareOptions["limits"], more: Partial<FanfareOptions> = {}): Fanfare {
  return createFanfare({ schema, log: silentLog, ...more, ...(limits && { limits }) });
}

function numbered(rooms: number): readonly Topic[] {
  return Array.from({ length: rooms }, (_, index) => room({ room: String(index) }));
}

function pingOfObjects(count: number): string {
  return JSON.stringify({ type: "ping", payload: { list: Array.from({ length: count }, () => ({})) } });
}

/** A ping of exactly so many bytes; `é` takes two. */
function pingOf(bytes: number, letter: "x" | "é" = "x"): string {
  const bare = JSON.stringify({ type: "ping", payload: { p: "" } });
  const missing = bytes - bare.length;
  const filled = letter === "x" ? "x".repeat(missing) : "é".repeat(missing / 2) + "x".repeat(missing % 2);
  return bare.replace('""', `"${filled}"`);
}

/** A ping whose payload makes it nest so deep. */
function pingDeep(depth: number): string {
  const around = depth - 2;
  return `{"type":"ping","payload":{"p":${"[".repeat(around)}${"]".repeat(around)}}}`;
}

describe("A message", () => {
  it.each([{ letter: "x" } as const, { letter: "é" } as const])(
    "of $letter may have 65,536 bytes before the acknowledgement and not one more",
    async ({ letter }) => {
      await using fanfare = serverWith({});
      await using client = new TestClient(fanfare);
      client.sendRaw(pingOf(65_536, letter));
      await client.receive({ type: "pong" });
      client.sendRaw(pingOf(65_537, letter));
      const { reason } = await client.waitDisconnect(4400);
      expect(reason).toBe("A message may have at most 65536 bytes");
    },
  );

  it.each([{ letter: "x" } as const, { letter: "é" } as const])(
    "of $letter may have 262,144 bytes after the acknowledgement and not one more",
    async ({ letter }) => {
      await using fanfare = serverWith({});
      await using client = await connected(fanfare);
      client.sendRaw(pingOf(262_144, letter));
      await client.receive({ type: "pong" });
      client.sendRaw(pingOf(262_145, letter));
      const { reason } = await client.waitDisconnect(4400);
      expect(reason).toBe("A message may have at most 262144 bytes");
    },
  );

  it("may be nested 64 deep and not one more", async () => {
    await using fanfare = serverWith({});
    await using client = await connected(fanfare);
    client.sendRaw(pingDeep(64));
    await client.receive({ type: "pong" });
    client.sendRaw(pingDeep(65));
    const { reason } = await client.waitDisconnect(4400);
    expect(reason).toBe("A message may be nested at most 64 deep");
  });

  it("may take as much memory when it is parsed, and is not parsed over it", async () => {
    await using fanfare = serverWith({ jsonBytes: 100_000 });
    await using client = await connected(fanfare);
    client.sendRaw(pingOfObjects(1_350));
    await client.receive({ type: "pong" });
    client.sendRaw(pingOfObjects(1_400));
    const { reason } = await client.waitDisconnect(4400);
    expect(reason).toBe("A message may take at most 100000 bytes when it is parsed");
  });

  it("may be of any size and depth where the limits are off", async () => {
    const none = {
      messageBytes: Infinity,
      messageBytesBeforeAck: Infinity,
      jsonDepth: Infinity,
      jsonBytes: Infinity,
    };
    await using fanfare = serverWith(none);
    await using client = new TestClient(fanfare);
    client.sendRaw(pingOf(300_000));
    await client.receive({ type: "pong" });
    client.sendRaw(pingDeep(100));
    await client.receive({ type: "pong" });
  });
});

describe("An operation's id", () => {
  it.each([
    { kind: "letters", good: "i".repeat(64), bad: "i".repeat(65) },
    { kind: "letters of two bytes", good: "é".repeat(32), bad: `${"é".repeat(32)}i` },
  ])("may have 64 bytes of $kind and not one more", async ({ good, bad }) => {
    await using fanfare = serverWith({});
    await using client = await connected(fanfare);
    client.start("{ hi }", good);
    await client.receiveNext(good);
    await client.receiveComplete(good);
    client.start("{ hi }", bad);
    const extensions = { code: "LIMIT_EXCEEDED", limit: "operationIdBytes", maximum: 64 };
    expect(await client.receive({ id: bad })).toEqual({
      id: bad,
      type: "error",
      payload: [{ message: "An operation's id may have at most 64 bytes", extensions }],
    });
    client.start("{ hi }", good);
    await client.receiveNext(good);
  });
});

describe("Messages", () => {
  it("may come in a burst of 300, and one more closes the connection with 4429, PROTOCOL 2.6", async () => {
    await using fanfare = serverWith({}, { clock: new StandingTime() });
    await using client = await connected(fanfare);
    for (let count = 1; count < 300; count += 1) client.send({ type: "ping" });
    expect(client.connected).toBe(true);
    client.send({ type: "ping" });
    expect(await client.waitDisconnect()).toEqual({ code: 4429, reason: "Too many messages" });
  });

  it("may then come 50 times in a second", async () => {
    const clock = new StandingTime();
    await using fanfare = serverWith({}, { clock });
    await using client = await connected(fanfare);
    for (let count = 1; count < 300; count += 1) client.send({ type: "ping" });
    for (let count = 0; count < 50; count += 1) {
      clock.advance(20);
      client.send({ type: "ping" });
    }
    clock.advance(19);
    expect(client.connected).toBe(true);
    client.send({ type: "ping" });
    await client.waitDisconnect(4429);
  });

  it("are counted whatever they say, and whether they are answered or not, PROTOCOL 2.6", async () => {
    await using fanfare = serverWith({ messageBurst: 4 }, { clock: new StandingTime() });
    await using client = await connected(fanfare);
    client.send({ type: "pong" });
    client.send({ type: "ping" });
    client.complete("nobody");
    expect(client.connected).toBe(true);
    client.send({ type: "pong" });
    await client.waitDisconnect(4429);
  });

  it("may have 1,048,576 bytes in a burst, and then 262,144 in a second", async () => {
    const clock = new StandingTime();
    await using fanfare = serverWith({}, { clock });
    await using client = await connected(fanfare);
    for (let count = 0; count < 4; count += 1) client.sendRaw(pingOf(262_000));
    expect(client.connected).toBe(true);
    clock.advance(1_000);
    client.sendRaw(pingOf(262_000));
    expect(client.connected).toBe(true);
    client.sendRaw(pingOf(20_000));
    expect(await client.waitDisconnect()).toEqual({ code: 4429, reason: "Too many bytes" });
  });

  it("of the size that is allowed are allowed, however small the burst", async () => {
    await using fanfare = serverWith({ byteBurst: 100 }, { clock: new StandingTime() });
    await using client = await connected(fanfare);
    client.sendRaw(pingOf(262_000));
    expect(client.connected).toBe(true);
  });

  it.each([{ messagesPerSecond: Infinity }, { messageBurst: Infinity }])(
    "may come without end with %o",
    async (limits) => {
      await using fanfare = serverWith(limits, { clock: new StandingTime() });
      await using client = await connected(fanfare);
      for (let count = 0; count < 2_000; count += 1) client.complete("nobody");
      expect(client.connected).toBe(true);
    },
  );
});

describe("A connection", () => {
  it("may run 100 operations, and one more is refused with an error of its own", async () => {
    await using fanfare = serverWith({});
    await using client = await connected(fanfare);
    for (let count = 0; count < 100; count += 1) client.start(query);
    await turns(20);
    const refused = client.start(query);
    expect(await client.receiveError(refused)).toEqual([
      {
        message: "A connection may run at most 100 operations",
        extensions: { code: "TOO_MANY_OPERATIONS", limit: "operations", maximum: 100 },
      },
    ]);
    client.complete("1");
    const welcome = client.start("{ hi }");
    await client.receiveNext(welcome);
    await client.receiveComplete(welcome);
  });

  it("keeps requests of 8,388,608 bytes of memory, and one that needs more is refused, PROTOCOL 6.8", async () => {
    await using fanfare = serverWith({}, { clock: new StandingTime() });
    await using client = await connected(fanfare);
    // Empty objects take some twenty times the memory of their text, and are kept twice.
    const variables = { unused: Array.from({ length: 10_000 }, () => ({})) };
    const kept = client.start({ query, variables });
    await turns(20);
    const refused = client.start({ query, variables });
    expect(await client.receiveError(refused)).toEqual([
      {
        message: "The requests of a connection may take at most 8388608 bytes of memory",
        extensions: { code: "LIMIT_EXCEEDED", limit: "requestBytes", maximum: 8_388_608 },
      },
    ]);
    client.complete(kept);
    client.start({ query, variables });
    await turns(20);
    await client.assertNoMessages();
  });

  it("keeps the topics of its operations, of which each but the first 8 takes 1 KiB", async () => {
    const many = {
      type: GraphQLString,
      args: { rooms: { type: GraphQLInt } },
      ...tools.subscription({ topics: ({ rooms }: { rooms: number }) => numbered(rooms) }),
    };
    const limits = { requestBytes: 10_240 };
    await using fanfare = createFanfare({ schema: chatSchema({ many }), log: silentLog, limits });
    await using client = await connected(fanfare);
    for (let count = 0; count < 5; count += 1) await client.subscribe("subscription { many(rooms: 8) }");
    const refused = client.start("subscription { many(rooms: 18) }");
    expect(await client.receiveError(refused)).toMatchObject([{ extensions: { limit: "requestBytes" } }]);
    await client.subscribe("subscription { many(rooms: 12) }");
  });

  it("may introduce itself with 262,144 bytes of memory, and not with more", async () => {
    await using fanfare = serverWith({});
    await using modest = new TestClient(fanfare);
    await modest.connectAndInit({ list: Array.from({ length: 4_000 }, () => ({})) });
    expect(modest.connected).toBe(true);
    await using greedy = new TestClient(fanfare);
    await greedy.connectAndInit({ list: Array.from({ length: 5_000 }, () => ({})) }, { connectOnly: true });
    expect(await greedy.waitDisconnect()).toEqual({
      code: 4400,
      reason: "The payload of the init message takes too much memory",
    });
  });

  it("is told to come back where all connections together keep too much", async () => {
    await using fanfare = serverWith({ requestBytesInAll: 600_000 });
    const variables = { unused: Array.from({ length: 900 }, () => ({})) };
    await using first = await connected(fanfare);
    first.start({ query, variables });
    await turns(20);
    await using second = await connected(fanfare);
    second.start({ query, variables });
    expect(await second.waitDisconnect()).toEqual({ code: 1013, reason: "Try again later" });
    first.complete("1");
    await turns(20);
    await using third = await connected(fanfare);
    third.start({ query, variables });
    await turns(20);
    await third.assertNoMessages();
  });

  it("may take any time to introduce itself where the limits of time are off", async () => {
    const clock = new StandingTime();
    const never = { initMilliseconds: Infinity, ackMilliseconds: Infinity };
    await using fanfare = serverWith(never, { clock, keepAlive: Infinity });
    await using client = new TestClient(fanfare);
    clock.advance(10_000_000);
    await client.connectAndInit();
    expect(client.connected).toBe(true);
  });
});

/** Operations whose start lasts until it is let go. */
class SlowStarts {
  readonly started: string[] = [];
  readonly #gates: PromiseWithResolvers<void>[] = [];

  readonly onOperation = (_request: unknown, connection: { readonly id: string }): Promise<void> => {
    const gate = Promise.withResolvers<void>();
    this.started.push(connection.id);
    this.#gates.push(gate);
    return gate.promise;
  };

  letGo(index: number): void {
    this.#gates[index]?.resolve();
  }
}

describe("Operations that are being started", () => {
  it("are 8 at most; further ones wait for a free place, PROTOCOL 3.2", async () => {
    const starts = new SlowStarts();
    await using fanfare = serverWith({}, { onOperation: starts.onOperation });
    await using client = await connected(fanfare);
    for (let count = 0; count < 10; count += 1) client.start("{ hi }");
    await turns(4);
    expect(starts.started).toHaveLength(8);
    starts.letGo(3);
    await turns(4);
    expect(starts.started).toHaveLength(9);
    await client.receiveNext("4");
    await client.receiveComplete("4");
    await client.assertNoMessages();
  });

  it("count as operations of their connection while they wait", async () => {
    const starts = new SlowStarts();
    await using fanfare = serverWith({ starting: 1, operations: 2 }, { onOperation: starts.onOperation });
    await using client = await connected(fanfare);
    client.start("{ hi }");
    client.start("{ hi }");
    await client.receiveError(client.start("{ hi }"));
  });

  it("are never started once their client has stopped them", async () => {
    const starts = new SlowStarts();
    await using fanfare = serverWith({ starting: 1 }, { onOperation: starts.onOperation });
    await using client = await connected(fanfare);
    client.start("{ hi }", "first");
    client.start("{ hi }", "second");
    client.complete("second");
    starts.letGo(0);
    await client.receiveNext("first");
    await client.receiveComplete("first");
    await client.assertNoMessages();
    expect(starts.started).toHaveLength(1);
  });

  it("of one connection do not hold up those of another", async () => {
    const starts = new SlowStarts();
    await using fanfare = serverWith({ starting: 1 }, { onOperation: starts.onOperation });
    await using first = await connected(fanfare);
    await using second = await connected(fanfare);
    first.start("{ hi }");
    second.start("{ hi }");
    await turns(4);
    expect(starts.started).toEqual(["1", "2"]);
  });

  it("are one with strict ordering, each to its end, PROTOCOL 3.2", async () => {
    const answers = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
    let asked = 0;
    const slow: GraphQLFieldConfig<unknown, unknown> = {
      type: GraphQLString,
      resolve: () => answers[asked++]?.promise,
    };
    const strict = new GraphQLSchema({ query: new GraphQLObjectType({ name: "Query", fields: { slow } }) });
    await using fanfare = createFanfare({ schema: strict, log: silentLog, ordering: "strict" });
    await using client = await connected(fanfare);
    const [first, second] = [client.start("{ slow }"), client.start("{ slow }")];
    await turns(4);
    expect(asked).toBe(1);
    answers[1]?.resolve("second");
    answers[0]?.resolve("first");
    expect(await client.receiveNext(first)).toEqual({ data: { slow: "first" } });
    await client.receiveComplete(first);
    expect(await client.receiveNext(second)).toEqual({ data: { slow: "second" } });
    await client.receiveComplete(second);
  });

  it("have a subscription live before the next is started with strict ordering", async () => {
    const { subscription } = tools;
    const gate = Promise.withResolvers<void>();
    const topics = async () => {
      await gate.promise;
      return [lobby];
    };
    const slow = { type: GraphQLString, ...subscription({ topics, resolve: ({ text }) => text }) };
    await using fanfare = serverWith({}, { schema: chatSchema({ slow }), ordering: "strict" });
    await using client = await connected(fanfare);
    const events = client.start("subscription { slow }");
    const after = client.start("{ hi }");
    await client.assertNoMessages();
    gate.resolve();
    await client.receiveNext(after);
    await client.receiveComplete(after);
    await fanfare.publish(lobby, message("one"));
    expect(await client.receiveNext(events)).toEqual({ data: { slow: "one" } });
  });
});

describe("A document", () => {
  const cases = [
    { limit: "characters", maximum: 8, good: "{hi   }", bad: "{hi      }", code: "DOCUMENT_TOO_LARGE" },
    { limit: "tokens", maximum: 3, good: "{ hi }", bad: "{ hi hi }", code: "DOCUMENT_TOO_LARGE" },
    { limit: "depth", maximum: 1, good: "{ hi }", bad: query, code: "LIMIT_EXCEEDED" },
    { limit: "aliases", maximum: 1, good: "{ a: hi }", bad: "{ a: hi b: hi }", code: "LIMIT_EXCEEDED" },
    {
      limit: "directives",
      maximum: 1,
      good: "{ hi @skip(if: false) }",
      bad: "{ hi @skip(if: false) @include(if: true) }",
      code: "LIMIT_EXCEEDED",
    },
    { limit: "cost", maximum: 1, good: "{ hi }", bad: "{ hi __typename }", code: "LIMIT_EXCEEDED" },
    { limit: "repeats", maximum: 2, good: "{ hi hi }", bad: "{ hi hi hi }", code: "LIMIT_EXCEEDED" },
  ] as const;

  it.each(cases)(
    "may reach its limit of $limit; over it, it is an error of the operation alone, PROTOCOL 6.3",
    async ({ limit, maximum, good, bad, code }) => {
      await using fanfare = serverWith({ [limit]: maximum });
      await using client = await connected(fanfare);
      expect(await client.execute(good)).toMatchObject({ data: {} });
      expect(await client.receiveError(client.start(bad))).toMatchObject([{ extensions: { code, limit, maximum } }]);
      expect(await client.execute(good)).toMatchObject({ data: {} });
    },
  );
});

describe("The options of a session's limits", () => {
  it("are the defaults where nothing is said", () => {
    expect(sessionLimits()).toEqual(defaultSessionLimits);
    expect(sessionLimits({ operations: 5 })).toEqual({ ...defaultSessionLimits, operations: 5 });
  });

  it.each([{ operations: 0 }, { starting: -1 }, { messageBurst: Number.NaN }])("do not allow %o", (limits) => {
    expect(() => sessionLimits(limits)).toThrow(expect.objectContaining({ code: "BAD_OPTION" }));
    expect(() => serverWith(limits)).toThrow(FanfareError);
  });

  it("name the one that was probably meant, or all that there are, also of documents and transports", () => {
    const misspelt: object = { opertions: 5 };
    expect(() => serverWith(misspelt)).toThrow("no option limits.opertions. Did you mean operations?");
    const unheardOf: object = { queries: 5 };
    expect(() => serverWith(unheardOf)).toThrow(
      /no option limits.queries. There are .*\bdepth\b.*\boperations\b.*\brefusals\b/,
    );
  });
});
