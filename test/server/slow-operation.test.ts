import { createFanfare, type Fanfare, type FanfareOptions } from "fanfare";
import { fakeClock, TestClient, turns } from "fanfare/testing";
import { describe, expect, it } from "vitest";
import { chatSchema, message, room } from "./chat.ts";
import { NotingLog } from "./noting-log.ts";

/** A server that stands still in its contexts, and a client of it. */
async function stage(options: Partial<FanfareOptions> = {}) {
  const clock = fakeClock();
  const log = new NotingLog();
  const { promise, resolve } = Promise.withResolvers<object>();
  const fanfare: Fanfare = createFanfare({ schema: chatSchema(), clock, log, context: () => promise, ...options });
  const client = new TestClient(fanfare);
  await client.connectAndInit({}, { connectOnly: true });
  await turns(1);
  clock.turn();
  await client.receive({ type: "connection_ack" });
  return { clock, log, fanfare, client, goOn: () => resolve({}) };
}

describe("An operation that takes longer than a second", () => {
  it.each([
    ["query", "query Slow { hi }"],
    ["mutation", "mutation Slow { shout }"],
    ["subscription", `subscription Slow { messageAdded(room: "lobby") { id } }`],
  ])("is reported once by its name: a %s", async (_kind, query) => {
    const { clock, log, fanfare, client, goOn } = await stage();
    const id = client.start(query);
    await turns(2);
    clock.advance(999);
    expect(log.entries).toEqual([]);
    clock.advance(1);
    expect(log.entries).toEqual([
      {
        level: "warn",
        message: "The operation Slow takes longer than 1000 ms",
        details: { operation: "Slow", session: expect.any(String), milliseconds: 1_000 },
      },
    ]);
    clock.advance(10_000);
    client.complete(id);
    goOn();
    await turns(3);
    expect(log.entries).toHaveLength(1);
    await fanfare[Symbol.asyncDispose]();
  });

  it("is reported without a name where it has none", async () => {
    const { clock, log, fanfare, client } = await stage();
    client.start("{ hi }");
    await turns(2);
    clock.advance(1_000);
    expect(log.messages).toEqual(["The operation without a name takes longer than 1000 ms"]);
    await fanfare[Symbol.asyncDispose]();
  });

  it("is not reported when it was done before", async () => {
    const { clock, log, fanfare, client, goOn } = await stage();
    client.start("query Quick { hi }");
    client.start(`subscription Live { messageAdded(room: "lobby") { id } }`);
    await turns(2);
    clock.advance(999);
    goOn();
    await turns(8);
    clock.advance(5_000);
    expect(log.entries).toEqual([]);
    await fanfare[Symbol.asyncDispose]();
  });

  it("is reported after another time, if one is set", async () => {
    const { clock, log, fanfare, client } = await stage({ warnAfter: 50 });
    client.start("query Slow { hi }");
    await turns(2);
    clock.advance(49);
    expect(log.entries).toEqual([]);
    clock.advance(1);
    expect(log.messages).toEqual(["The operation Slow takes longer than 50 ms"]);
    await fanfare[Symbol.asyncDispose]();
  });

  it("is never reported with Infinity", async () => {
    const { clock, log, fanfare, client } = await stage({ warnAfter: Infinity, keepAlive: Infinity });
    client.start("query Slow { hi }");
    await turns(2);
    clock.advance(1_000_000);
    expect(log.entries).toEqual([]);
    await fanfare[Symbol.asyncDispose]();
  });

  it("has nothing to do with how long a live subscription waits for events", async () => {
    const { clock, log, fanfare, client, goOn } = await stage({ keepAlive: Infinity });
    goOn();
    const id = client.start(`subscription Live { messageAdded(room: "lobby") { id } }`);
    await turns(8);
    clock.advance(100_000);
    await fanfare.publish(room({ room: "lobby" }), message("one"));
    clock.turn();
    await client.receiveNext(id);
    expect(log.entries).toEqual([]);
    await fanfare[Symbol.asyncDispose]();
  });
});
