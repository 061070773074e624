import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, shareable, silentLog, subscription } from "fanfare";
import { telemetry, type TelemetryName } from "fanfare/contract";
import { turns } from "fanfare/testing";
import { ScriptedBroker } from "../engine/scripted-broker.ts";
import { connected } from "../server/connected.ts";
import { publishTicks, tickServer } from "./ticks.ts";

const subscribeA = "subscription A { a { n } }";

/** Everything that is told on some channels while a test runs, in order. */
class Told implements Disposable {
  readonly messages: unknown[] = [];
  readonly #stops: (() => void)[] = [];

  constructor(...names: readonly TelemetryName[]) {
    for (const name of names) {
      const take = (message: unknown): void => void this.messages.push([name, message]);
      subscribe(`fanfare:${name}`, take);
      this.#stops.push(() => unsubscribe(`fanfare:${name}`, take));
    }
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stops) stop();
  }
}

function of(operation: string): object {
  return { session: expect.any(String), operation };
}

describe("Telemetry", () => {
  it("has a channel for every event, on which nobody listens unless asked", () => {
    expect(Object.values(telemetry).map(({ hasSubscribers }) => hasSubscribers)).not.toContain(true);
  });

  it("follows a session from its opening to its end", async () => {
    using told = new Told("session.opened", "session.ready", "session.closed");
    await using fanfare = tickServer({ a: {} });
    const client = await connected(fanfare);
    await client[Symbol.asyncDispose]();
    const session = expect.any(String);
    expect(told.messages).toEqual([
      ["session.opened", { session, dialect: "graphql-transport-ws", address: "127.0.0.1" }],
      ["session.ready", { session, viewer: undefined }],
      ["session.closed", { session, code: 1006, reason: "" }],
    ]);
  });

  it("follows operations, with the reason of their end", async () => {
    using told = new Told("operation.started", "operation.ended");
    await using fanfare = tickServer({ a: {} });
    await using client = await connected(fanfare);
    client.complete(await client.subscribe(subscribeA));
    await client.execute("query Hi { hi }");
    const ended = await client.subscribe("subscription { a { n } }");
    await fanfare.end("a");
    await client.receiveComplete(ended);
    await client.receiveError(client.start("{ nope }"));
    await client.subscribe("subscription { a { n } }");
    await client[Symbol.asyncDispose]();
    const started = { session: expect.any(String), operation: expect.any(String), cohort: expect.any(String) };
    const subscribed = {
      ...started,
      kind: "subscription",
      topics: ["a"],
      audience: "everyone",
      unshared: undefined,
    };
    const query = { kind: "query", cohort: undefined, audience: undefined, unshared: undefined };
    const over = { session: expect.any(String), operation: expect.any(String) };
    expect(told.messages).toEqual([
      ["operation.started", { ...subscribed, operation: "1", name: "A" }],
      ["operation.ended", { ...over, operation: "1", why: "client" }],
      ["operation.started", { ...started, ...query, name: "Hi", topics: [] }],
      ["operation.ended", { ...over, operation: "2", why: "result" }],
      ["operation.started", { ...subscribed, name: undefined }],
      ["operation.ended", { ...over, why: "server" }],
      ["operation.ended", { ...over, why: "error" }],
      ["operation.started", { ...subscribed, name: undefined }],
      ["operation.ended", { ...over, why: "closed" }],
    ]);
  });

  it("follows an event from its publishing to its execution", async () => {
    using told = new Told("event.published", "event.executed");
    await using fanfare = tickServer({ a: { filter: ({ n }) => n > 1 } });
    await using client = await connected(fanfare);
    await client.subscribe(subscribeA);
    await publishTicks(fanfare, "a", 1, 2);
    const event = expect.any(String);
    const published = ["event.published", { topics: ["a"], event, milliseconds: expect.any(Number) }];
    const executed = (outcome: string) => [
      "event.executed",
      { cohort: expect.any(String), event, members: 1, outcome },
    ];
    // The memory broker hands over before it answers.
    expect(told.messages).toEqual([executed("skipped"), published, executed("delivered"), published]);
  });

  it("says which fields may have looked at the viewer", async () => {
    using told = new Told("event.executed", "sharing.broken");
    const lying = shareable((_source: object, _args: object, context: { user: string }) => context.user);
    const schema = new GraphQLSchema({
      query: new GraphQLObjectType({ name: "Query", fields: { hi: { type: GraphQLString } } }),
      subscription: new GraphQLObjectType({
        name: "Subscription",
        fields: {
          a: {
            type: new GraphQLObjectType({ name: "A", fields: { lie: { type: GraphQLString, resolve: lying } } }),
            ...subscription({ topics: () => ["a"] }),
          },
        },
      }),
    });
    await using fanfare = createFanfare({ schema, log: silentLog, context: () => ({ user: "ada" }) });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { a { lie } }");
    await fanfare.publish("a", {});
    await client.receiveNext(id);
    const event = { cohort: expect.any(String), event: expect.any(String), members: 1 };
    expect(told.messages).toEqual([
      ["event.executed", { ...event, outcome: "private" }],
      ["sharing.broken", { fields: ["A.lie"], why: expect.any(String) }],
      ["event.executed", { ...event, outcome: "delivered" }],
    ]);
  });

  it("says of each result that is not sent why", async () => {
    using told = new Told("delivery.dropped", "delivery.gap", "queue.overflow");
    await using fanfare = tickServer({
      a: { queue: { messages: 1, overflow: "drop-oldest" } },
      b: { visible: ({ n }) => n > 1 },
      c: { queue: { messages: 1, overflow: "drop-newest" } },
    });
    await using client = await connected(fanfare);
    const b = await client.subscribe("subscription { b { n } }");
    await publishTicks(fanfare, "b", 1, 2);
    await client.receiveNext(b);
    client.complete(b);
    const a = await client.subscribe(subscribeA);
    client.pause();
    await publishTicks(fanfare, "a", 1, 2);
    client.complete(a);
    const c = await client.subscribe("subscription { c { n } }");
    await publishTicks(fanfare, "c", 1, 2);
    const event = expect.any(String);
    expect(told.messages).toEqual([
      ["delivery.dropped", { ...of(b), event, why: "hidden" }],
      ["queue.overflow", { ...of(a), policy: "drop-oldest" }],
      ["delivery.gap", { ...of(a), reason: "overflow" }],
      ["delivery.dropped", { ...of(a), event, why: "overflow" }],
      ["delivery.dropped", { ...of(a), event, why: "ended" }],
      ["queue.overflow", { ...of(c), policy: "drop-newest" }],
      ["delivery.gap", { ...of(c), reason: "overflow" }],
      ["delivery.dropped", { ...of(c), event, why: "overflow" }],
    ]);
  });

  it("tells of the broker's troubles", async () => {
    using told = new Told("broker.lost", "broker.link");
    const broker = new ScriptedBroker();
    await using fanfare = tickServer({ a: {} }, { broker });
    await using client = await connected(fanfare);
    await client.subscribe(subscribeA);
    broker.lose(["a"]);
    broker.link(false);
    broker.link(true);
    await turns(2);
    expect(told.messages).toEqual([
      ["broker.lost", { topics: ["a"], why: "scripted" }],
      ["broker.link", { up: false }],
      ["broker.link", { up: true }],
    ]);
  });
});
