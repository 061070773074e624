import { describe, expect, it } from "vitest";
import { TestClient, turns } from "fanfare/testing";
import { connected } from "../server/connected.ts";
import { NotingLog } from "../server/noting-log.ts";
import { StandingTime } from "../session/standing-time.ts";
import { failing, publishTicks, shortResults, tickServer } from "../session/ticks.ts";

const subscribeA = "subscription { a { n } }";
const long = "x".repeat(1_000);

describe("The queue of an operation", () => {
  it("has its bound in messages, and one more disconnects by default", async () => {
    await using fanfare = tickServer({ a: { queue: { messages: 3 } } });
    await using client = await connected(fanfare);
    const id = await client.subscribe(subscribeA);
    client.pause();
    await publishTicks(fanfare, "a", 1, 2, 3);
    client.resume();
    expect(await shortResults(client, id, 3)).toEqual(["1", "2", "3"]);
    client.pause();
    await publishTicks(fanfare, "a", 1, 2, 3);
    expect(client.connected).toBe(true);
    await publishTicks(fanfare, "a", 4);
    await client.waitDisconnect(4413);
    client.resume();
    await client.assertNoMessages();
  });

  it("is 256 messages if nothing else is said", async () => {
    await using fanfare = tickServer({ a: {} });
    await using client = await connected(fanfare);
    await client.subscribe(subscribeA);
    client.pause();
    for (let n = 1; n <= 256; n += 1) {
      await fanfare.publish("a", { n });
      await turns(1);
    }
    expect(client.connected).toBe(true);
    await publishTicks(fanfare, "a", 257);
    await client.waitDisconnect(4413);
  });

  it("has its bound in bytes, counted as they go over the wire", async () => {
    const message = `{"id":"1","type":"next","payload":{"data":{"a":{"n":1}}}}`;
    await using fanfare = tickServer({ a: { queue: { bytes: 3 * message.length } } });
    await using client = await connected(fanfare);
    const id = await client.subscribe(subscribeA);
    client.pause();
    await publishTicks(fanfare, "a", 1, 2, 3);
    expect(client.connected).toBe(true);
    client.resume();
    expect(await shortResults(client, id, 3)).toEqual(["1", "2", "3"]);
    client.pause();
    await publishTicks(fanfare, "a", 1, 2, 30);
    await client.waitDisconnect(4413);
  });

  it("takes a result that alone is over the bound if it is empty, PROTOCOL 6.4", async () => {
    await using fanfare = tickServer({ a: { queue: { bytes: 10 } } });
    await using client = await connected(fanfare);
    const id = await client.subscribe(subscribeA);
    client.pause();
    await publishTicks(fanfare, "a", 1);
    client.resume();
    expect(await shortResults(client, id, 1)).toEqual(["1"]);
    client.pause();
    await publishTicks(fanfare, "a", 1, 2);
    await client.waitDisconnect(4413);
  });

  it("is not used at all while its client reads", async () => {
    await using fanfare = tickServer({ a: { queue: { messages: 1, bytes: 1 } } });
    await using client = await connected(fanfare);
    const id = await client.subscribe(subscribeA);
    for (let n = 1; n <= 100; n += 1) await fanfare.publish("a", { n });
    expect(await shortResults(client, id, 100)).toHaveLength(100);
  });

  it("is bounded by bytes alone with Infinity messages", async () => {
    await using fanfare = tickServer({ a: { queue: { messages: Infinity } } });
    await using client = await connected(fanfare);
    const id = await client.subscribe(subscribeA);
    client.pause();
    for (let n = 1; n <= 900; n += 1) await fanfare.publish("a", { n });
    await turns(4);
    client.resume();
    expect(await shortResults(client, id, 900)).toHaveLength(900);
  });

  it.each([{ messages: 0 }, { bytes: 0 }, { messages: Number.NaN }])("cannot be declared with %o", (queue) => {
    expect(() => tickServer({ a: { queue } })).toThrow(expect.objectContaining({ code: "BAD_OPTION" }));
  });
});

describe("A slow client's operation", () => {
  it("loses the oldest with `drop-oldest`, and is told with the first that is left", async () => {
    await using fanfare = tickServer({ a: { queue: { messages: 2, overflow: "drop-oldest" } } });
    await using client = await connected(fanfare);
    const id = await client.subscribe(subscribeA);
    client.pause();
    await publishTicks(fanfare, "a", 1, 2, 3, 4, 5);
    client.resume();
    expect(await shortResults(client, id, 2)).toEqual(["4 gap overflow", "5"]);
    await publishTicks(fanfare, "a", 6);
    expect(await shortResults(client, id, 1)).toEqual(["6"]);
    await client.assertNoMessages();
  });

  it("loses as many of the oldest as it takes to make room in bytes", async () => {
    await using fanfare = tickServer({ a: { queue: { bytes: 2_500, overflow: "drop-oldest" } } });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { a { n text } }");
    client.pause();
    await publishTicks(fanfare, "a", 1, 2, 3, { n: 4, text: long }, { n: 5, text: long }, { n: 6, text: long + long });
    client.resume();
    expect(await shortResults(client, id, 1)).toEqual(["6 gap overflow"]);
    await client.assertNoMessages();
  });

  it("loses the newest with `drop-newest`, and is told with the first that comes after them", async () => {
    await using fanfare = tickServer({ a: { queue: { messages: 2, overflow: "drop-newest" } } });
    await using client = await connected(fanfare);
    const id = await client.subscribe(subscribeA);
    client.pause();
    await publishTicks(fanfare, "a", 1, 2, 3, 4);
    client.resume();
    await publishTicks(fanfare, "a", 5);
    expect(await shortResults(client, id, 3)).toEqual(["1", "2", "5 gap overflow"]);
    await client.assertNoMessages();
  });

  it("is told of what `drop-newest` lost also when the first that comes after them has to wait", async () => {
    await using fanfare = tickServer({ a: { queue: { messages: 2, overflow: "drop-newest" } } });
    await using client = await connected(fanfare);
    const [id] = [await client.subscribe(subscribeA), await client.subscribe("subscription { a { key } }")];
    client.pause();
    await publishTicks(fanfare, "a", 1, 2, 3);
    client.resume();
    const before = [await client.receive({ id }), await client.receive(), await client.receive({ id })];
    expect(JSON.stringify(before)).not.toContain("gap");
    await client.receive();
    await publishTicks(fanfare, "a", 4);
    expect(await shortResults(client, id, 1)).toEqual(["4 gap overflow"]);
  });

  it.each([
    ["disconnect", ["1", "2", "3"]],
    ["drop-oldest", ["1", "2", "3"]],
    ["drop-newest", ["1", "2", "3"]],
    ["latest", ["1", "3 conflated 1"]],
  ] as const)("with `%s` loses nothing to its execution but what `latest` conflates", async (overflow, results) => {
    const queue = { messages: 1, overflow };
    await using fanfare = tickServer({ a: { queue, filter: passesLater } }, { execution: { concurrency: 1 } });
    await using client = await connected(fanfare);
    const id = await client.subscribe(subscribeA);
    await Promise.all([1, 2, 3].map((n) => fanfare.publish("a", { n })));
    expect(await shortResults(client, id, results.length)).toEqual(results);
    await client.assertNoMessages();
  });

  it("keeps one value of each key with `latest`, the newest, and is told how many were left out", async () => {
    const queue = { messages: 3, overflow: "latest", key: ({ key = "" }) => key } as const;
    await using fanfare = tickServer({ a: { queue } });
    await using client = await connected(fanfare);
    const id = await client.subscribe(subscribeA);
    client.pause();
    const ticks = ["x", "y", "x", "z", "y", "x"].map((key, index) => ({ n: index + 1, key }));
    await publishTicks(fanfare, "a", ...ticks);
    client.resume();
    expect(await shortResults(client, id, 3)).toEqual(["4 conflated 3", "5", "6"]);
    await client.assertNoMessages();
  });

  it("loses the oldest keys with `latest` when there are more keys than room, and is told a gap", async () => {
    const queue = { messages: 2, overflow: "latest", key: ({ key = "" }) => key } as const;
    await using fanfare = tickServer({ a: { queue } });
    await using client = await connected(fanfare);
    const id = await client.subscribe(subscribeA);
    client.pause();
    await publishTicks(fanfare, "a", { n: 1, key: "x" }, { n: 2, key: "y" }, { n: 3, key: "z" });
    client.resume();
    expect(await shortResults(client, id, 2)).toEqual(["2 gap overflow", "3"]);
  });

  it("has the current state only with `latest`, one message and no key", async () => {
    await using fanfare = tickServer({ a: { queue: { messages: 1, overflow: "latest" } } });
    await using client = await connected(fanfare);
    const id = await client.subscribe(subscribeA);
    client.pause();
    await publishTicks(fanfare, "a", 1, 2, 3, 4);
    client.resume();
    expect(await shortResults(client, id, 1)).toEqual(["4 conflated 3"]);
    await client.assertNoMessages();
  });

  it("whose `key` fails loses its oldest and harms nobody else", async () => {
    const log = new NotingLog();
    const queue = { messages: 1, overflow: "latest", key: failing("no key") } as const;
    await using fanfare = tickServer({ a: { queue } }, { log });
    await using slow = await connected(fanfare);
    await using quick = await connected(fanfare);
    const [waiting, reading] = [await slow.subscribe(subscribeA), await quick.subscribe(subscribeA)];
    slow.pause();
    await publishTicks(fanfare, "a", 1, 2);
    slow.resume();
    expect(await shortResults(quick, reading, 2)).toEqual(["1", "2"]);
    expect(await shortResults(slow, waiting, 1)).toEqual(["2 gap overflow"]);
    expect(log.messages).toEqual(["The `key` of a queue failed; its oldest result was dropped"]);
  });

  it("does not delay another client of the same cohort", async () => {
    await using fanfare = tickServer({ a: { queue: { messages: 1, overflow: "drop-oldest" } } });
    await using slow = await connected(fanfare);
    await using quick = await connected(fanfare);
    await slow.subscribe(subscribeA);
    const id = await quick.subscribe(subscribeA);
    slow.pause();
    await publishTicks(fanfare, "a", 1, 2, 3);
    expect(await shortResults(quick, id, 3)).toEqual(["1", "2", "3"]);
    expect(slow.connected).toBe(true);
  });

  it("is told a gap and what was conflated in extensions before the data, beside others, PROTOCOL 8.1", async () => {
    const raw: string[] = [];
    await using fanfare = tickServer(
      { a: { queue: { messages: 1, overflow: "latest" } } },
      { formatResponse: (result) => ({ ...result, extensions: { took: 1 } }) },
    );
    await using client = await connected(fanfare);
    const id = await client.subscribe(subscribeA);
    client.pause();
    await publishTicks(fanfare, "a", 1, 2);
    client.resume();
    const { payload, ...rest } = await client.receive({ id });
    raw.push(JSON.stringify(payload));
    expect(rest).toEqual({ type: "next", id });
    expect(raw).toEqual(['{"extensions":{"took":1,"fanfare":{"conflated":1}},"data":{"a":{"n":2}}}']);
    await publishTicks(fanfare, "a", 3);
    expect(await client.receiveNext(id)).toEqual({ data: { a: { n: 3 } }, extensions: { took: 1 } });
  });
});

describe("The total of a connection", () => {
  const two = "subscription { b { n } }";

  it("in messages is taken from the operation that holds most", async () => {
    await using fanfare = tickServer(
      { a: { queue: { overflow: "drop-oldest" } }, b: { queue: { overflow: "disconnect" } } },
      { limits: { outboxMessages: 4 } },
    );
    await using client = await connected(fanfare);
    const [a, b] = [await client.subscribe(subscribeA), await client.subscribe(two)];
    client.pause();
    await publishTicks(fanfare, "a", 1, 2, 3, 4);
    await publishTicks(fanfare, "b", 11);
    client.resume();
    expect(await shortResults(client, a, 3)).toEqual(["2 gap overflow", "3", "4"]);
    expect(await shortResults(client, b, 1)).toEqual(["11"]);
    await client.assertNoMessages();
  });

  it("in bytes is taken from the operation that holds most", async () => {
    await using fanfare = tickServer(
      { a: { queue: { overflow: "drop-newest" } }, b: { queue: { overflow: "disconnect" } } },
      { limits: { outboxBytes: 3_000 } },
    );
    await using client = await connected(fanfare);
    const a = await client.subscribe("subscription { a { n text } }");
    const b = await client.subscribe("subscription { b { n text } }");
    client.pause();
    await publishTicks(fanfare, "b", { n: 11, text: "b" });
    await publishTicks(fanfare, "a", { n: 1, text: long }, { n: 2, text: long });
    await publishTicks(fanfare, "b", { n: 12, text: long });
    client.resume();
    expect(await shortResults(client, b, 1)).toEqual(["11"]);
    expect(await shortResults(client, a, 1)).toEqual(["1"]);
    expect(await shortResults(client, b, 1)).toEqual(["12"]);
    await publishTicks(fanfare, "a", { n: 3, text: "a" });
    expect(await shortResults(client, a, 1)).toEqual(["3 gap overflow"]);
    await client.assertNoMessages();
  });

  it("disconnects if that is the policy of the one that holds most", async () => {
    await using fanfare = tickServer(
      { a: { queue: { overflow: "disconnect" } }, b: { queue: { overflow: "drop-oldest" } } },
      { limits: { outboxMessages: 2 } },
    );
    await using client = await connected(fanfare);
    await client.subscribe(subscribeA);
    await client.subscribe(two);
    client.pause();
    await publishTicks(fanfare, "a", 1, 2);
    await publishTicks(fanfare, "b", 11);
    expect(await client.waitDisconnect()).toMatchObject({ code: 4413 });
  });

  it("lets one result pass that alone is over it", async () => {
    await using fanfare = tickServer({ a: {} }, { limits: { outboxBytes: 10 } });
    await using client = await connected(fanfare);
    const id = await client.subscribe(subscribeA);
    client.pause();
    await publishTicks(fanfare, "a", 1);
    client.resume();
    expect(await shortResults(client, id, 1)).toEqual(["1"]);
  });

  it("may be turned off", async () => {
    await using fanfare = tickServer(
      { a: { queue: { messages: Infinity, bytes: Infinity } } },
      { limits: { outboxBytes: Infinity, outboxMessages: Infinity } },
    );
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { a { n text } }");
    client.pause();
    for (let n = 1; n <= 2_000; n += 1) await fanfare.publish("a", { n, text: long });
    await turns(4);
    client.resume();
    expect(await shortResults(client, id, 2_000)).toHaveLength(2_000);
  });

  it("counts results of queries, whose policy is to disconnect", async () => {
    await using fanfare = tickServer({ a: {} }, { limits: { outboxMessages: 4 } });
    await using client = await connected(fanfare);
    client.pause();
    for (let count = 0; count < 2; count += 1) client.start("{ hi }");
    await turns(8);
    expect(client.connected).toBe(true);
    client.start("{ hi }");
    await client.waitDisconnect(4413);
  });

  it("holds for answers to pings, too: a client may not have them pile up", async () => {
    await using fanfare = tickServer({ a: {} }, { limits: { outboxBytes: 10_000 } });
    await using client = await connected(fanfare);
    client.pause();
    for (let count = 0; count < 10; count += 1) client.send({ type: "ping", payload: { long } });
    await turns(4);
    expect(client.connected).toBe(true);
    client.send({ type: "ping", payload: { long } });
    await client.waitDisconnect(4413);
  });

  it("has no place for what belongs to an operation that its client has stopped", async () => {
    await using fanfare = tickServer(
      { a: { queue: { overflow: "drop-oldest" } }, b: { queue: { overflow: "disconnect" } } },
      { limits: { outboxMessages: 4 } },
    );
    await using client = await connected(fanfare);
    const [a, b] = [await client.subscribe(subscribeA), await client.subscribe(two)];
    client.pause();
    await publishTicks(fanfare, "a", 1, 2, 3, 4);
    client.complete(a);
    await publishTicks(fanfare, "b", 11, 12, 13, 14);
    client.resume();
    expect(await shortResults(client, b, 4)).toEqual(["11", "12", "13", "14"]);
    await client.assertNoMessages();
  });
});

describe("An operation", () => {
  it("gets nothing after its client has stopped it, not even what waits, PROTOCOL 3.7", async () => {
    await using fanfare = tickServer({ a: {} });
    await using client = await connected(fanfare);
    const id = await client.subscribe(subscribeA);
    client.pause();
    await publishTicks(fanfare, "a", 1, 2);
    client.complete(id);
    client.resume();
    await publishTicks(fanfare, "a", 3);
    await client.assertNoMessages();
  });

  it("gets everything that waits before the server's complete, and nothing after it", async () => {
    await using fanfare = tickServer({ a: {} });
    await using client = await connected(fanfare);
    const id = await client.subscribe(subscribeA);
    client.pause();
    await publishTicks(fanfare, "a", 1, 2);
    await fanfare.end("a");
    await publishTicks(fanfare, "a", 3);
    client.resume();
    expect(await shortResults(client, id, 2)).toEqual(["1", "2"]);
    await client.receiveComplete(id);
    await client.assertNoMessages();
  });

  it("gets its events before the complete that is published in the same turn", async () => {
    await using fanfare = tickServer({ a: {} });
    await using client = await connected(fanfare);
    const id = await client.subscribe(subscribeA);
    await Promise.all([fanfare.publish("a", { n: 1 }), fanfare.publish("a", { n: 2 }), fanfare.end("a")]);
    expect(await shortResults(client, id, 2)).toEqual(["1", "2"]);
    await client.receiveComplete(id);
    await client.assertNoMessages();
  });

  it("gets its initial value first, and then what came while it was computed", async () => {
    const value = Promise.withResolvers<{ n: number }>();
    await using fanfare = tickServer({ a: { initial: () => value.promise } });
    await using client = await connected(fanfare);
    const id = await client.subscribe(subscribeA);
    await publishTicks(fanfare, "a", 1, 2);
    await client.assertNoMessages();
    value.resolve({ n: 100 });
    expect(await shortResults(client, id, 3)).toEqual(["100", "1", "2"]);
    await publishTicks(fanfare, "a", 3);
    expect(await shortResults(client, id, 1)).toEqual(["3"]);
  });

  it("gets what came before its end even if there is no initial value yet", async () => {
    const never = Promise.withResolvers<{ n: number }>();
    await using fanfare = tickServer({ a: { initial: () => never.promise } });
    await using client = await connected(fanfare);
    const id = await client.subscribe(subscribeA);
    await publishTicks(fanfare, "a", 1, 2);
    await fanfare.end("a");
    expect(await shortResults(client, id, 2)).toEqual(["1", "2"]);
    await client.receiveComplete(id);
    never.resolve({ n: 100 });
    await client.assertNoMessages();
  });

  it("whose initial value fails is an error, and the hub lets it go", async () => {
    await using fanfare = tickServer({ a: { initial: () => Promise.reject(new Error("db")) } });
    await using client = await connected(fanfare);
    const id = client.start(subscribeA);
    expect(await client.receiveError(id)).toMatchObject([{ extensions: { code: "INTERNAL_SERVER_ERROR" } }]);
    await publishTicks(fanfare, "a", 1);
    await client.assertNoMessages();
  });

  it.each([
    { overflow: "drop-oldest", expected: ["100 gap overflow", "2", "3"] },
    { overflow: "latest", expected: ["100 conflated 2", "3"] },
  ] as const)(
    "holds what comes before its initial value under its bound, with $overflow",
    async ({ overflow, expected }) => {
      const value = Promise.withResolvers<{ n: number }>();
      await using fanfare = tickServer({ a: { initial: () => value.promise, queue: { messages: 2, overflow } } });
      await using client = await connected(fanfare);
      const id = await client.subscribe(subscribeA);
      await publishTicks(fanfare, "a", 1, 2, 3);
      value.resolve({ n: 100 });
      expect(await shortResults(client, id, expected.length)).toEqual(expected);
      await client.assertNoMessages();
    },
  );

  it("ends once, with both hooks called, even if the first fails", async () => {
    const log = new NotingLog();
    const ended: string[] = [];
    await using fanfare = tickServer(
      { a: { onUnsubscribe: () => Promise.reject(new Error("hook")) } },
      { log, onUnsubscribe: ({ id }) => void ended.push(id) },
    );
    await using client = await connected(fanfare);
    const id = await client.subscribe(subscribeA);
    client.complete(id);
    client.complete(id);
    await turns(2);
    expect(ended).toEqual([id]);
    expect(log.messages).toEqual(["onUnsubscribe failed"]);
  });

  it("that is stopped while it is being started ends without a word, and lets its topics go", async () => {
    const topics = Promise.withResolvers<string[]>();
    const ended: string[] = [];
    await using fanfare = tickServer(
      { a: { topics: () => topics.promise } },
      { onUnsubscribe: ({ id }) => void ended.push(id) },
    );
    await using client = await connected(fanfare);
    const id = client.start(subscribeA);
    await turns(4);
    client.complete(id);
    topics.resolve(["a"]);
    await turns(4);
    await publishTicks(fanfare, "a", 1);
    await client.assertNoMessages();
    expect(ended).toEqual([id]);
  });

  it("hides an event that its viewer may not see, asked when the result leaves, PROTOCOL 3.10", async () => {
    let hidden = 0;
    await using fanfare = tickServer({ a: { visible: ({ n }) => n !== hidden } });
    await using client = await connected(fanfare);
    const id = await client.subscribe(subscribeA);
    client.pause();
    await publishTicks(fanfare, "a", 1, 2, 3);
    hidden = 2;
    client.resume();
    expect(await shortResults(client, id, 2)).toEqual(["1", "3"]);
  });

  it("hides an event whose `visible` fails, and harms no other operation", async () => {
    const log = new NotingLog();
    await using fanfare = tickServer({ a: { visible: failing("rule") }, b: { topics: () => ["a"] } }, { log });
    await using client = await connected(fanfare);
    await using other = new TestClient(fanfare);
    await other.connectAndInit();
    await client.subscribe(subscribeA);
    const id = await other.subscribe("subscription { b { n } }");
    await publishTicks(fanfare, "a", 1);
    expect(await shortResults(other, id, 1)).toEqual(["1"]);
    await client.assertNoMessages();
    expect(log.messages).toEqual(["A `visible` failed; its event was hidden"]);
  });

  it("is reported once it has taken too long", async () => {
    const log = new NotingLog();
    const topics = Promise.withResolvers<string[]>();
    const clock = new StandingTime();
    await using fanfare = tickServer({ a: { topics: () => topics.promise } }, { log, clock });
    await using client = await connected(fanfare);
    client.start("subscription Slow { a { n } }");
    await turns(2);
    clock.advance(999);
    expect(log.messages).toEqual([]);
    clock.advance(1);
    topics.resolve(["a"]);
    expect(log.messages).toEqual(["The operation Slow takes longer than 1000 ms"]);
  });
});

function passesLater(): Promise<boolean> {
  return Promise.resolve(true);
}
