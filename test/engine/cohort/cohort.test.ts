import { GraphQLError } from "graphql";
import { describe, expect, it, vi } from "vitest";
import type { SubscriptionOptions } from "../../../src/declare/subscription.ts";
import { SKIP } from "../../../src/declare/skip.ts";
import { Cohort } from "../../../src/engine/cohort/cohort.ts";
import { tickSchema, type Tick } from "../../session/ticks.ts";
import { EngineStage, type NotedMember } from "../engine-stage.ts";

type Declared = Partial<SubscriptionOptions<object, object, Tick, Tick>>;

const query = "subscription { a { n } }";

function result(n: number): string {
  return JSON.stringify({ data: { a: { n } } });
}

function stageOf(a: Declared, options: ConstructorParameters<typeof EngineStage>[1] = {}): EngineStage {
  return new EngineStage(tickSchema({ a, b: { topics: () => ["a"] } }), options);
}

/** A resolver whose executions the test ends, in any order. */
class SlowResolver {
  readonly begun: number[] = [];
  /** Several for an event that is executed for several cohorts. */
  readonly #gates: { readonly n: number; readonly gate: PromiseWithResolvers<Tick> }[] = [];

  readonly resolve = (tick: Tick): Promise<Tick> => {
    this.begun.push(tick.n);
    const gate = Promise.withResolvers<Tick>();
    this.#gates.push({ n: tick.n, gate });
    return gate.promise;
  };

  finish(...numbers: readonly number[]): void {
    for (const { n, gate } of this.#gates) if (numbers.includes(n)) gate.resolve({ n });
  }

  fail(failing: number, error: Error): void {
    for (const { n, gate } of this.#gates) if (n === failing) gate.reject(error);
  }
}

describe("A cohort", () => {
  it("executes an event once for all its members", async () => {
    let executed = 0;
    const resolve = (tick: Tick): Tick => {
      executed += 1;
      return tick;
    };
    await using stage = stageOf({ resolve });
    const members = [await stage.join(query), await stage.join("subscription{a{n}}"), await stage.join(query)];
    stage.broker.emit("a", { n: 1 });
    await stage.deliver();
    expect(members.map(({ heard }) => heard)).toEqual([[result(1)], [result(1)], [result(1)]]);
    expect(executed).toBe(1);
    expect(stage.engine.cohorts.shared).toBe(1);
  });

  it("hands the events of one turn to each member at once", async () => {
    await using stage = stageOf({});
    const member = await stage.join(query);
    for (const n of [1, 2, 3]) stage.broker.emit("a", { n });
    expect(member.heard).toEqual([]);
    await stage.deliver();
    expect(member.heard).toEqual([result(1), result(2), result(3)]);
    expect(member.batches).toEqual([3]);
  });

  it("executes as much of a burst as may be handed on in one go, and holds the rest back in order", async () => {
    let executed = 0;
    const resolve = (tick: Tick): Tick => {
      executed += 1;
      return tick;
    };
    await using stage = stageOf({ resolve });
    const member = await stage.join(query);
    for (let n = 1; n <= 100; n += 1) stage.broker.emit("a", { n });
    expect([executed, member.heard]).toEqual([64, []]);
    await stage.deliver();
    expect(member.heard).toEqual(Array.from({ length: 100 }, (_, index) => result(index + 1)));
  });

  it("keeps the order of events, however long each takes", async () => {
    const slow = new SlowResolver();
    await using stage = stageOf({ resolve: slow.resolve });
    const member = await stage.join(query);
    for (const n of [1, 2, 3]) stage.broker.emit("a", { n });
    expect(slow.begun).toEqual([1, 2, 3]);
    slow.finish(3, 2);
    await stage.deliver();
    expect(member.heard).toEqual([]);
    slow.finish(1);
    await stage.deliver();
    expect(member.heard).toEqual([result(1), result(2), result(3)]);
  });

  it("keeps the order also where only some events take long", async () => {
    const slow = new SlowResolver();
    const resolve = (tick: Tick): Tick | Promise<Tick> => (tick.n % 2 === 0 ? slow.resolve(tick) : tick);
    await using stage = stageOf({ resolve });
    const member = await stage.join(query);
    for (const n of [1, 2, 3, 4]) stage.broker.emit("a", { n });
    await stage.deliver();
    expect(member.heard).toEqual([result(1)]);
    slow.finish(4, 2);
    await stage.deliver();
    expect(member.heard).toEqual([1, 2, 3, 4].map(result));
  });

  it("ends after what is still being executed, and hears nothing then", async () => {
    const slow = new SlowResolver();
    await using stage = stageOf({ resolve: slow.resolve });
    const member = await stage.join(query);
    stage.broker.emit("a", { n: 1 });
    stage.broker.emit("a", null, { end: true });
    stage.broker.emit("a", { n: 2 });
    await stage.deliver();
    expect(member.heard).toEqual([]);
    slow.finish(1, 2);
    await stage.deliver();
    expect(member.heard).toEqual([result(1), "complete"]);
    expect(stage.engine.hub.topics).toBe(0);
  });

  it("sends nothing for an event that is skipped", async () => {
    await using stage = stageOf({ resolve: (tick) => (tick.n === 1 ? SKIP : tick) });
    const member = await stage.join(query);
    stage.broker.emit("a", { n: 1 });
    stage.broker.emit("a", { n: 2 });
    await stage.deliver();
    expect(member.heard).toEqual([result(2)]);
  });

  it("tells a gap after what was ready before it, and before what comes after it", async () => {
    await using stage = stageOf({});
    const member = await stage.join(query);
    stage.broker.emit("a", { n: 1 });
    stage.broker.store("a", { n: 2 });
    stage.broker.forget("a", 2);
    stage.broker.emit("a", { n: 3 });
    await stage.deliver();
    expect(member.heard).toEqual([result(1), "gap expired", result(3)]);
  });

  it("hands on an event that was published to several of its topics once, PROTOCOL 3.8", async () => {
    await using stage = stageOf({ topics: () => ["x", "y"] });
    const member = await stage.join(query);
    stage.broker.emit("x", { n: 1 }, { id: "one" });
    stage.broker.emit("x", { n: 2 }, { id: "two" });
    stage.broker.emit("y", { n: 2 }, { id: "two" });
    stage.broker.emit("y", { n: 1 }, { id: "one" });
    await stage.deliver();
    expect(member.heard).toEqual([result(1), result(2)]);
  });

  it("hands on one id with two payloads in two topics as two events, PROTOCOL 3.8", async () => {
    await using stage = stageOf({ topics: () => ["x", "y"] });
    const member = await stage.join(query);
    stage.broker.emit("x", { n: 1 }, { id: "one" });
    stage.broker.emit("y", { n: 2 }, { id: "one" });
    stage.broker.emit("y", { n: 1 }, { id: "one" });
    await stage.deliver();
    expect(member.heard).toEqual([result(1), result(2)]);
  });

  it("lets its topics go with its last member, and executes nothing more", async () => {
    let executed = 0;
    const resolve = (tick: Tick): Tick => {
      executed += 1;
      return tick;
    };
    await using stage = stageOf({ resolve });
    const [first, second] = [await stage.join(query), await stage.join(query)];
    first.running.end();
    first.running.end();
    stage.broker.emit("a", { n: 1 });
    expect(stage.broker.calls).not.toContain("unsubscribe a");
    second.running.end();
    stage.broker.emit("a", { n: 2 });
    await stage.deliver();
    expect(stage.broker.calls).toContain("unsubscribe a");
    expect([first.heard, second.heard]).toEqual([[], []]);
    expect(executed).toBe(1);
    expect(stage.engine.cohorts.shared).toBe(0);
  });

  it.each([1, 100])("is let go by the fan-out with its last member, though %i events are left", async (count) => {
    using distribute = vi.spyOn(Cohort.prototype, "distribute");
    await using stage = stageOf({});
    const member = await stage.join(query);
    for (let n = 1; n <= count; n += 1) stage.broker.emit("a", { n });
    member.running.end();
    await stage.deliver();
    expect(distribute).not.toHaveBeenCalled();
  });

  it("is a new one for whoever comes after the last member has left", async () => {
    await using stage = stageOf({});
    const first = await stage.join(query);
    first.running.end();
    const second = await stage.join(query);
    expect(second.running.cohort).not.toBe(first.running.cohort);
    stage.broker.emit("a", { n: 1 });
    await stage.deliver();
    expect([first.heard, second.heard]).toEqual([[], [result(1)]]);
  });
});

describe("While an event is being executed", () => {
  it("a member may leave, and hears nothing of it, while the others do", async () => {
    const slow = new SlowResolver();
    await using stage = stageOf({ resolve: slow.resolve });
    const [leaving, staying] = [await stage.join(query), await stage.join(query)];
    stage.broker.emit("a", { n: 1 });
    leaving.running.end();
    slow.finish(1);
    await stage.deliver();
    expect([leaving.heard, staying.heard]).toEqual([[], [result(1)]]);
  });

  it("the last member may leave, which ends the cohort for good", async () => {
    const slow = new SlowResolver();
    await using stage = stageOf({ resolve: slow.resolve });
    const member = await stage.join(query);
    stage.broker.emit("a", { n: 1 });
    member.running.end();
    const next = await stage.join(query);
    slow.finish(1);
    await stage.deliver();
    expect([member.heard, next.heard]).toEqual([[], []]);
    expect(stage.engine.cohorts.shared).toBe(1);
  });

  it("a member may join, and hears everything that is published from then on, once and in order", async () => {
    const slow = new SlowResolver();
    await using stage = stageOf({ resolve: slow.resolve });
    const first = await stage.join(query);
    stage.broker.emit("a", { n: 1 });
    const second = await stage.join(query);
    stage.broker.emit("a", { n: 2 });
    slow.finish(2, 1);
    await stage.deliver();
    expect(first.heard).toEqual([result(1), result(2)]);
    expect(second.heard).toEqual([result(2)]);
  });

  it("and the end waits for it, a member that comes is not ended, and misses nothing that is published later", async () => {
    const slow = new SlowResolver();
    await using stage = stageOf({ resolve: (tick) => (tick.n === 1 ? slow.resolve(tick) : tick) });
    const ending = await stage.join(query);
    stage.broker.emit("a", { n: 1 });
    stage.broker.emit("a", null, { end: true });
    const later = await stage.join(query);
    stage.broker.emit("a", { n: 2 });
    slow.finish(1);
    await stage.deliver();
    expect(ending.heard).toEqual([result(1), "complete"]);
    expect(later.heard).toEqual([result(2)]);
  });

  it("more events come than may be executed at the same time: they wait their turn, whatever the client's queue holds", async () => {
    const slow = new SlowResolver();
    await using stage = stageOf({ resolve: slow.resolve, queue: { messages: 1 } }, { concurrency: 2 });
    const member = await stage.join(query);
    for (const n of [1, 2, 3, 4, 5]) stage.broker.emit("a", { n });
    expect(slow.begun).toEqual([1, 2]);
    slow.finish(2);
    await stage.deliver();
    expect([slow.begun, member.heard]).toEqual([[1, 2], []]);
    slow.finish(1);
    await stage.deliver();
    expect(slow.begun).toEqual([1, 2, 3, 4]);
    slow.finish(3, 4);
    await stage.deliver();
    slow.finish(5);
    await stage.deliver();
    expect(member.heard).toEqual([1, 2, 3, 4, 5].map(result));
  });

  it("more events wait than may: they are left out, and each member is told", async () => {
    const slow = new SlowResolver();
    await using stage = stageOf({ resolve: slow.resolve }, { concurrency: 1, backlog: 2 });
    const member = await stage.join(query);
    for (const n of [1, 2, 3, 4, 5]) stage.broker.emit("a", { n });
    expect(member.heard).toEqual(["overloaded"]);
    slow.finish(1);
    await stage.deliver();
    slow.finish(5);
    await stage.deliver();
    expect(member.heard).toEqual(["overloaded", result(1), "gap overflow", result(5)]);
    expect(stage.engine.pressure.waiting).toBe(0);
  });

  it("its topic ends: the end is not lost with the events that are too many", async () => {
    const slow = new SlowResolver();
    await using stage = stageOf({ resolve: slow.resolve }, { concurrency: 1, backlog: 2 });
    const member = await stage.join(query);
    for (const n of [1, 2, 3]) stage.broker.emit("a", { n });
    stage.broker.emit("a", null, { end: true });
    slow.finish(1);
    await stage.deliver();
    expect(member.heard).toEqual(["overloaded", result(1), "gap overflow", "complete"]);
  });

  it("`latest` conflates by key what waits for its execution, and nothing else", async () => {
    const slow = new SlowResolver();
    const queue = { messages: 2, overflow: "latest", key: ({ key = "" }: Tick) => key } as const;
    await using stage = stageOf({ resolve: slow.resolve, queue }, { concurrency: 1 });
    const member = await stage.join(query);
    const keys = ["z", "x", "y", "x", "z", "y"];
    for (const [index, key] of keys.entries()) stage.broker.emit("a", { n: index + 1, key });
    for (const n of [1, 4, 5, 6]) {
      slow.finish(n);
      await stage.deliver();
    }
    expect(slow.begun).toEqual([1, 4, 5, 6]);
    expect(member.heard).toEqual([result(1), "conflated 1", result(4), result(5), "conflated 1", result(6)]);
  });
});

async function crowd(stage: EngineStage, size: number): Promise<readonly NotedMember[]> {
  return Promise.all(Array.from({ length: size }, () => stage.join(query)));
}

describe("While a large fan-out is under way", () => {
  it("a member that has left is not served any more", async () => {
    await using stage = stageOf({}, { slice: 2 });
    const members = await crowd(stage, 5);
    stage.broker.emit("a", { n: 1 });
    stage.clock.turn();
    expect(members.map(({ heard }) => heard.length)).toEqual([1, 1, 0, 0, 0]);
    members[2]?.running.end();
    members[0]?.running.end();
    await stage.deliver();
    expect(members.map(({ heard }) => heard.length)).toEqual([1, 1, 0, 1, 1]);
  });

  it("a member that joins hears what is published from then on, and not what is on its way", async () => {
    await using stage = stageOf({}, { slice: 2 });
    const members = await crowd(stage, 5);
    stage.broker.emit("a", { n: 1 });
    stage.clock.turn();
    const late = await stage.join(query);
    stage.broker.emit("a", { n: 2 });
    stage.clock.turn();
    const later = await stage.join(query);
    stage.broker.emit("a", { n: 3 });
    await stage.deliver();
    for (const { heard } of members) expect(heard).toEqual([1, 2, 3].map(result));
    expect(late.heard).toEqual([result(2), result(3)]);
    expect(later.heard).toEqual([result(3)]);
  });

  it("a member that joins in the turn of an event does not hear that event", async () => {
    await using stage = stageOf({});
    const first = await stage.join(query);
    stage.broker.emit("a", { n: 1 });
    const second = await stage.join(query);
    stage.broker.emit("a", { n: 2 });
    await stage.deliver();
    expect(first.heard).toEqual([result(1), result(2)]);
    expect(second.heard).toEqual([result(2)]);
  });

  it("later events and the end wait for the earlier ones", async () => {
    await using stage = stageOf({}, { slice: 1 });
    const members = await crowd(stage, 3);
    stage.broker.emit("a", { n: 1 });
    stage.clock.turn();
    stage.broker.emit("a", { n: 2 });
    stage.clock.turn();
    stage.broker.emit("a", null, { end: true });
    await stage.deliver();
    for (const { heard } of members) expect(heard).toEqual([result(1), result(2), "complete"]);
  });
});

function failsAtOneAndHidesThree({ n }: Tick): boolean | Promise<boolean> {
  return n === 1 ? Promise.reject(new Error("rule")) : n !== 3;
}

describe("A fan-out without slices", () => {
  it("is done after one turn", async () => {
    await using stage = stageOf({}, { slice: Infinity });
    const member = await stage.join(query);
    stage.broker.emit("a", { n: 1 });
    stage.clock.turn();
    expect(member.heard).toEqual([result(1)]);
    stage.clock.turn();
    expect(stage.clock.pending).toBe(0);
  });
});

describe("An operation's failing", () => {
  it("resolver is a result with an error, for its event alone", async () => {
    const slow = new SlowResolver();
    await using stage = stageOf({ resolve: slow.resolve });
    const member = await stage.join(query);
    for (const n of [1, 2]) stage.broker.emit("a", { n });
    slow.fail(1, new GraphQLError("not today"));
    slow.finish(2);
    await stage.deliver();
    expect(member.heard.map((text): unknown => JSON.parse(text))).toEqual([
      {
        errors: [expect.objectContaining({ message: "not today", path: ["a"] })],
        data: { a: null },
      },
      { data: { a: { n: 2 } } },
    ]);
  });

  it.each([
    {
      how: "throws",
      filter: () => {
        throw new Error("rule");
      },
    },
    { how: "rejects", filter: () => Promise.reject(new Error("rule")) },
  ])("filter that $how hides its event, is logged, and harms no other cohort", async ({ filter }) => {
    await using stage = stageOf({ filter });
    const [failing, other] = [await stage.join(query), await stage.join("subscription { b { n } }")];
    stage.broker.emit("a", { n: 1 });
    await stage.deliver();
    expect([failing.heard, other.heard]).toEqual([[], ['{"data":{"b":{"n":1}}}']]);
    expect(stage.log.messages).toEqual(["A filter failed; its event was not delivered"]);
  });

  it("filter does not stop the events after it, which keep their order", async () => {
    await using stage = stageOf({ filter: failsAtOneAndHidesThree });
    const member = await stage.join(query);
    for (const n of [1, 2, 3, 4]) stage.broker.emit("a", { n });
    await stage.deliver();
    expect(member.heard).toEqual([result(2), result(4)]);
  });
});

describe("While its only member is handed results", () => {
  it("that one may get a cohort of its own, and hears each event once, in order", async () => {
    await using stage = stageOf({});
    const member = await stage.join(query);
    member.meanwhile = () => {
      void member.running.join(["c"]);
      stage.broker.emit("a", { n: 3 });
    };
    for (const n of [1, 2]) stage.broker.emit("a", { n });
    await stage.deliver();
    stage.broker.emit("c", { n: 4 });
    await stage.deliver();
    expect(member.heard).toEqual([1, 2, 3, 4].map(result));
  });

  it("another one may join, and does not hear what was published before", async () => {
    await using stage = stageOf({});
    const first = await stage.join(query);
    let second: Promise<NotedMember> | undefined;
    first.meanwhile = () => void (second = stage.join(query));
    for (const n of [1, 2]) stage.broker.emit("a", { n });
    await stage.deliver();
    const joined = await second;
    stage.broker.emit("a", { n: 3 });
    await stage.deliver();
    expect(first.heard).toEqual([1, 2, 3].map(result));
    expect(joined?.heard).toEqual([result(3)]);
  });

  it("that one may leave, and the rest is nobody's", async () => {
    await using stage = stageOf({});
    const member = await stage.join(query);
    member.meanwhile = () => {
      stage.broker.emit("a", { n: 2 });
      member.running.end();
    };
    stage.broker.emit("a", { n: 1 });
    await stage.deliver();
    expect(member.heard).toEqual([result(1)]);
    expect(stage.clock.pending).toBe(0);
  });
});

describe("A member that joins another topic", () => {
  it("is executed alone from then on, and goes on exactly where the cohort stopped", async () => {
    const slow = new SlowResolver();
    await using stage = stageOf({ resolve: slow.resolve });
    const [moving, staying] = [await stage.join(query), await stage.join(query)];
    stage.broker.emit("a", { n: 1 });
    await moving.running.join(["c"]);
    stage.broker.emit("a", { n: 2 });
    stage.broker.emit("c", { n: 3 });
    slow.finish(1, 2, 3);
    await stage.deliver();
    expect(staying.heard).toEqual([result(1), result(2)]);
    expect(moving.heard).toEqual([result(1), result(2), result(3)]);
    expect(moving.running.cohort).not.toBe(staying.running.cohort);
  });

  it("gets an event of several topics once, though it moves between the two arrivals", async () => {
    await using stage = stageOf({ topics: () => ["x", "y"] });
    const [moving] = [await stage.join(query), await stage.join(query)];
    stage.broker.emit("x", { n: 1 }, { id: "one" });
    await moving.running.join(["c"]);
    stage.broker.emit("y", { n: 1 }, { id: "one" });
    await stage.deliver();
    expect(moving.heard).toEqual([result(1)]);
  });

  it("hears it until it leaves it", async () => {
    await using stage = stageOf({});
    const member = await stage.join(query);
    await member.running.join(["c"]);
    stage.broker.emit("c", { n: 1 });
    await member.running.leave(["c"]);
    stage.broker.emit("c", { n: 2 });
    stage.broker.emit("a", { n: 3 });
    await stage.deliver();
    expect(member.heard).toEqual([result(1), result(3)]);
    expect(stage.broker.calls.at(-1)).toBe("unsubscribe c");
  });

  it("lets all its topics go when it ends", async () => {
    await using stage = stageOf({});
    const member = await stage.join(query);
    await member.running.join(["c"]);
    member.running.end();
    await stage.deliver();
    expect(stage.engine.hub.topics).toBe(0);
  });

  it("may try again after the broker could not subscribe to it", async () => {
    await using stage = stageOf({});
    const member = await stage.join(query);
    const gate = stage.broker.hold("subscribe");
    const joining = member.running.join(["c"]);
    gate.reject(new Error("refused"));
    await expect(joining).rejects.toMatchObject({ code: "BROKER_UNAVAILABLE" });
    stage.broker.letGo("subscribe");
    await member.running.join(["c"]);
    stage.broker.emit("c", { n: 1 });
    stage.broker.emit("a", { n: 2 });
    await stage.deliver();
    expect(member.heard).toEqual([result(1), result(2)]);
  });
});
