import { describe, expect, it } from "vitest";
import { turns } from "fanfare/testing";
import { NotingLog } from "../server/noting-log.ts";
import { failing, publishTicks, tickServer } from "../session/ticks.ts";

const query = "subscription { a { n } }";

function tickResult(n: number): object {
  return { value: { data: { a: { n } } }, done: false };
}

const done = { value: undefined, done: true };

describe("A subscription in the same process", () => {
  it("is live once it is there, and iterates over results", async () => {
    await using fanfare = tickServer({ a: {} });
    await using results = await fanfare.subscribe({ query });
    await publishTicks(fanfare, "a", 1, 2);
    expect(await results.next()).toEqual(tickResult(1));
    expect(await results.next()).toEqual(tickResult(2));
  });

  it("ends when the server ends its topic, after what came before", async () => {
    await using fanfare = tickServer({ a: {} });
    await using results = await fanfare.subscribe({ query });
    await publishTicks(fanfare, "a", 1);
    await fanfare.end("a");
    expect(await results.next()).toEqual(tickResult(1));
    expect(await results.next()).toEqual(done);
  });

  it("ends with OVERFLOW when its reader is further behind than its limit", async () => {
    await using fanfare = tickServer({ a: {} });
    await using results = await fanfare.subscribe({ query, limit: 2 });
    await publishTicks(fanfare, "a", 1, 2, 3);
    expect(await results.next()).toEqual(tickResult(1));
    expect(await results.next()).toEqual(tickResult(2));
    await expect(results.next()).rejects.toMatchObject({ code: "OVERFLOW" });
    expect(await results.next()).toEqual(done);
  });

  it("ends when the server is disposed", async () => {
    const fanfare = tickServer({ a: {} });
    const results = await fanfare.subscribe({ query });
    const next = results.next();
    await fanfare[Symbol.asyncDispose]();
    expect(await next).toEqual(done);
    await expect(fanfare.subscribe({ query })).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("has its initial value first", async () => {
    await using fanfare = tickServer({ a: { initial: () => ({ n: 100 }) } });
    await using results = await fanfare.subscribe({ query });
    await publishTicks(fanfare, "a", 1);
    expect(await results.next()).toEqual(tickResult(100));
    expect(await results.next()).toEqual(tickResult(1));
  });

  it("tells what is wrong as its only result", async () => {
    await using fanfare = tickServer({ a: { topics: failing("db") } }, { log: new NotingLog() });
    await using invalid = await fanfare.subscribe({ query: "subscription { nope }" });
    expect(await invalid.next()).toMatchObject({
      value: { errors: [{ extensions: { code: "GRAPHQL_VALIDATION_FAILED" } }] },
    });
    expect(await invalid.next()).toEqual(done);
    await using failed = await fanfare.subscribe({ query });
    expect(await failed.next()).toMatchObject({
      value: { errors: [{ extensions: { code: "INTERNAL_SERVER_ERROR" } }] },
    });
    expect(await failed.next()).toEqual(done);
  });

  it("answers a query with its one result", async () => {
    await using fanfare = tickServer({ a: {} });
    await using results = await fanfare.subscribe({ query: "{ hi }" });
    expect(await results.next()).toEqual({ value: { data: { hi: "hello" } }, done: false });
    expect(await results.next()).toEqual(done);
  });

  it("shares its execution with the clients of sockets", async () => {
    let executed = 0;
    const resolve = (tick: { n: number }): { n: number } => {
      executed += 1;
      return tick;
    };
    await using fanfare = tickServer({ a: { resolve } });
    await using first = await fanfare.subscribe({ query });
    await using second = await fanfare.subscribe({ query });
    await publishTicks(fanfare, "a", 1);
    expect([await first.next(), await second.next()]).toEqual([tickResult(1), tickResult(1)]);
    expect(executed).toBe(1);
  });

  it("hides events whose `visible` says no or fails, and harms no other reader of them", async () => {
    const log = new NotingLog();
    await using fanfare = tickServer({ a: { visible: ({ n }) => (n < 2 ? n === 1 : failing("rule")()) } }, { log });
    await using first = await fanfare.subscribe({ query });
    await using second = await fanfare.subscribe({ query });
    await publishTicks(fanfare, "a", 0, 2, 1);
    expect([await first.next(), await second.next()]).toEqual([tickResult(1), tickResult(1)]);
    const message = "A `visible` failed; its event was hidden";
    expect(log.messages).toEqual([message, message]);
  });

  it("lets its topics go and calls nobody any more once its reader has left", async () => {
    let executed = 0;
    const resolve = (tick: { n: number }): { n: number } => {
      executed += 1;
      return tick;
    };
    await using fanfare = tickServer({ a: { resolve } });
    const results = await fanfare.subscribe({ query });
    await results.return?.();
    await publishTicks(fanfare, "a", 1);
    await turns(2);
    expect(executed).toBe(0);
    expect(await results.next()).toEqual(done);
  });
});
