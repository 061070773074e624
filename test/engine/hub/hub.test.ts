import { describe, expect, it } from "vitest";
import { FanfareError } from "../../../src/base/error.ts";
import type { Broker } from "../../../src/contract/broker.ts";
import { Hub } from "../../../src/engine/hub/hub.ts";
import { silentLog } from "../../../src/observe/console-log.ts";
import { turns } from "../../../src/testing/client.ts";
import { fakeClock, type FakeClock } from "../../../src/testing/fake-clock.ts";
import { NotingLog } from "../../server/noting-log.ts";
import { NotedListener } from "../noted-listener.ts";
import { ScriptedBroker } from "../scripted-broker.ts";

class Stage implements AsyncDisposable {
  readonly broker = new ScriptedBroker();
  readonly clock: FakeClock = fakeClock();
  readonly hub: Hub;

  constructor({ linger = 5_000, broker = this.broker }: { linger?: number; broker?: Broker } = {}) {
    this.hub = new Hub({
      broker,
      clock: this.clock,
      log: silentLog,
      linger,
      whenReady: () => undefined,
      inContext: (deliver) => deliver(),
    });
  }

  /** A listener that is live. */
  async listener(...topics: readonly string[]): Promise<NotedListener> {
    const listener = new NotedListener();
    await this.hub.listen(topics, listener);
    return listener;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hub[Symbol.asyncDispose]();
  }
}

describe("The hub", () => {
  it("opens the broker with the first listener, and once", async () => {
    await using stage = new Stage();
    expect(stage.broker.calls).toEqual([]);
    await Promise.all([stage.listener("a"), stage.listener("b")]);
    expect(stage.broker.calls).toEqual(["open", "subscribe a", "subscribe b"]);
  });

  it("subscribes to a topic once for all its listeners, and gives it up with the last", async () => {
    await using stage = new Stage({ linger: 0 });
    const [first, second] = [await stage.listener("a"), await stage.listener("a")];
    stage.broker.emit("a", 1);
    stage.hub.leave(["a"], first);
    stage.broker.emit("a", 2);
    expect(stage.broker.calls).toEqual(["open", "subscribe a"]);
    stage.hub.leave(["a"], second);
    await turns(1);
    expect(stage.broker.calls).toEqual(["open", "subscribe a", "unsubscribe a"]);
    stage.broker.emit("a", 3);
    expect([first.heard, second.heard]).toEqual([[1], [1, 2]]);
    expect(stage.hub.topics).toBe(0);
  });

  it("counts a listener that leaves twice once", async () => {
    await using stage = new Stage({ linger: 0 });
    const [first, second] = [await stage.listener("a"), await stage.listener("a")];
    stage.hub.leave(["a"], first);
    stage.hub.leave(["a"], first);
    stage.hub.leave(["nobody's"], first);
    stage.broker.emit("a", 1);
    expect(second.heard).toEqual([1]);
  });

  it("hands an event to those whose conditions it meets, and ends and gaps to all", async () => {
    await using stage = new Stage();
    const [one, two] = [new NotedListener({ id: 1 }), new NotedListener({ id: 2 })];
    await stage.hub.listen(["a"], one);
    await stage.hub.listen(["a"], two);
    stage.broker.emit("a", { id: 2 });
    stage.broker.emit("a", null, { end: true });
    expect([one.heard, two.heard]).toEqual([["end"], [{ id: 2 }, "end"]]);
  });

  it("hands batches on in their order", async () => {
    await using stage = new Stage();
    const listener = await stage.listener("a");
    for (const payload of [1, 2, 3]) stage.broker.store("a", payload);
    stage.broker.handOver("a", 1);
    expect(listener.heard).toEqual([1, 2, 3]);
  });
});

describe("A subscription is confirmed", () => {
  it("when the broker has confirmed it, and not before", async () => {
    await using stage = new Stage();
    const gate = stage.broker.hold("subscribe");
    let live = 0;
    const both = [1, 2].map(async () => {
      await stage.listener("a");
      live += 1;
    });
    await turns(2);
    expect(live).toBe(0);
    gate.resolve();
    await Promise.all(both);
    expect(stage.broker.calls).toEqual(["open", "subscribe a"]);
  });

  it("with the position in each topic after which its listener hears everything", async () => {
    await using stage = new Stage();
    stage.broker.store("a", 1);
    const gate = stage.broker.hold("subscribe");
    const first = stage.hub.listen(["b", "a"], new NotedListener());
    await turns(1);
    gate.resolve();
    expect(await first).toEqual(["b:0", "a:1"]);
    stage.broker.emit("a", 2);
    const late = new NotedListener();
    const joining = stage.hub.listen(["a"], late);
    stage.broker.emit("a", 3);
    expect(await joining).toEqual(["a:2"]);
    expect(late.heard).toEqual([3]);
  });

  it("when all its topics are", async () => {
    await using stage = new Stage();
    await stage.listener("a");
    const gate = stage.broker.hold("subscribe");
    let live = false;
    const listening = stage.listener("a", "b").then(() => (live = true));
    await turns(2);
    expect(live).toBe(false);
    gate.resolve();
    await listening;
  });

  it("with nothing missed that is published while the confirmation is on its way", async () => {
    await using stage = new Stage();
    const listener = new NotedListener();
    const listening = stage.hub.listen(["a"], listener);
    // Subscribed by now at the broker, whose answer has not come yet.
    for (let step = 0; step < 6; step += 1) {
      stage.broker.emit("a", step);
      await Promise.resolve();
    }
    await listening;
    stage.broker.emit("a", "after");
    const first = Number(listener.heard[0]);
    const expected = [0, 1, 2, 3, 4, 5].slice(first);
    expect(listener.heard).toEqual([...expected, "after"]);
    expect(stage.broker.calls).toEqual(["open", "subscribe a"]);
  });

  it("at once for a topic that is live", async () => {
    await using stage = new Stage();
    await stage.listener("a");
    const gate = stage.broker.hold("subscribe");
    const listener = await stage.listener("a");
    stage.broker.emit("a", 1);
    expect(listener.heard).toEqual([1]);
    gate.resolve();
  });
});

describe("A broker that fails", () => {
  it.each(["open", "subscribe"] as const)(
    "to %s makes BROKER_UNAVAILABLE, after which nothing is heard",
    async (call) => {
      await using stage = new Stage({ linger: 0 });
      const gate = stage.broker.hold(call);
      const listener = new NotedListener();
      const listening = stage.hub.listen(["a"], listener);
      gate.reject(new Error("refused"));
      await expect(listening).rejects.toMatchObject({ code: "BROKER_UNAVAILABLE", cause: new Error("refused") });
      await turns(1);
      stage.broker.emit("a", 1);
      expect(listener.heard).toEqual([]);
      expect(stage.hub.topics).toBe(0);
    },
  );

  it.each(["open", "subscribe"] as const)("to %s is asked again by the next listener", async (call) => {
    await using stage = new Stage();
    const gate = stage.broker.hold(call);
    const failed = stage.listener("a");
    gate.reject(new Error("refused"));
    await expect(failed).rejects.toBeInstanceOf(FanfareError);
    stage.broker.letGo(call);
    const listener = await stage.listener("a");
    stage.broker.emit("a", 1);
    expect(listener.heard).toEqual([1]);
  });

  it("to subscribe to one of several topics takes the listener from the others, too", async () => {
    const broker = new ScriptedBroker();
    const subscribe = broker.subscribe.bind(broker);
    broker.subscribe = async (topics) => {
      if (topics.includes("b")) throw new Error("refused");
      return subscribe(topics);
    };
    await using stage = new Stage({ broker });
    const listener = new NotedListener();
    await expect(stage.hub.listen(["a", "b"], listener)).rejects.toMatchObject({ code: "BROKER_UNAVAILABLE" });
    broker.emit("a", 1);
    expect(listener.heard).toEqual([]);
  });

  it("keeps its own FanfareError", async () => {
    await using stage = new Stage();
    const gate = stage.broker.hold("subscribe");
    const listening = stage.listener("a");
    gate.reject(new FanfareError("CLOSED", "The broker is closed"));
    await expect(listening).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("to unsubscribe is logged, and the topic is forgotten all the same", async () => {
    const log = new NotingLog();
    const broker = new ScriptedBroker();
    await using hub = new Hub({
      broker,
      clock: fakeClock(),
      log,
      linger: 0,
      whenReady: () => undefined,
      inContext: (deliver) => deliver(),
    });
    const listener = new NotedListener();
    await hub.listen(["a"], listener);
    const gate = broker.hold("unsubscribe");
    hub.leave(["a"], listener);
    gate.reject(new Error("gone"));
    await turns(1);
    expect(log.messages).toEqual(["A topic could not be given up"]);
    expect(hub.topics).toBe(0);
  });
});

describe("A topic that nobody listens to any more", () => {
  it("stays subscribed for a while", async () => {
    await using stage = new Stage({ linger: 5_000 });
    stage.hub.leave(["a"], await stage.listener("a"));
    stage.clock.advance(4_999);
    await turns(1);
    expect(stage.broker.calls).not.toContain("unsubscribe a");
    stage.clock.advance(1);
    await turns(1);
    expect(stage.broker.calls).toContain("unsubscribe a");
    expect(stage.hub.topics).toBe(0);
    expect(stage.clock.pending).toBe(0);
  });

  it("is kept if somebody comes meanwhile, without a word to the broker", async () => {
    await using stage = new Stage({ linger: 5_000 });
    stage.hub.leave(["a"], await stage.listener("a"));
    stage.clock.advance(4_999);
    const listener = await stage.listener("a");
    expect(stage.clock.pending).toBe(0);
    stage.clock.advance(10_000);
    stage.broker.emit("a", 1);
    expect(listener.heard).toEqual([1]);
    expect(stage.broker.calls).toEqual(["open", "subscribe a"]);
  });

  it("has a timer only then", async () => {
    await using stage = new Stage({ linger: 5_000 });
    const [first, second] = [await stage.listener("a"), await stage.listener("a")];
    stage.hub.leave(["a"], first);
    expect(stage.clock.pending).toBe(0);
    stage.hub.leave(["a"], second);
    expect(stage.clock.pending).toBe(1);
  });

  it("is subscribed again, after it was given up, if somebody comes while that is under way", async () => {
    await using stage = new Stage({ linger: 0 });
    stage.hub.leave(["a"], await stage.listener("a"));
    const gate = stage.broker.hold("unsubscribe");
    await turns(1);
    let live = false;
    const listener = new NotedListener();
    const listening = stage.hub.listen(["a"], listener).then(() => (live = true));
    await turns(1);
    expect(live).toBe(false);
    gate.resolve();
    await listening;
    stage.broker.emit("a", 1);
    expect(listener.heard).toEqual([1]);
    expect(stage.hub.topics).toBe(1);
  });

  it("is not subscribed for a listener that leaves in the turn in which it came", async () => {
    await using stage = new Stage({ linger: 0 });
    const listener = new NotedListener();
    const listening = stage.hub.listen(["a"], listener);
    stage.hub.leave(["a"], listener);
    await listening;
    await turns(1);
    expect(stage.broker.calls).not.toContain("subscribe a");
    expect(stage.hub.topics).toBe(0);
  });

  it("is given up also if its listener left before it was live", async () => {
    await using stage = new Stage({ linger: 0 });
    const gate = stage.broker.hold("subscribe");
    const listener = new NotedListener();
    const listening = stage.hub.listen(["a"], listener);
    await turns(1);
    stage.hub.leave(["a"], listener);
    gate.resolve();
    await listening;
    await turns(1);
    expect(stage.broker.calls).toEqual(["open", "subscribe a", "unsubscribe a"]);
    stage.broker.emit("a", 1);
    expect(listener.heard).toEqual([]);
  });
});

describe("Continuity", () => {
  it("is restored from history when a batch does not follow on what was heard", async () => {
    await using stage = new Stage();
    const listener = await stage.listener("a");
    stage.broker.emit("a", 1);
    stage.broker.store("a", 2);
    stage.broker.store("a", 3);
    stage.broker.emit("a", 4);
    expect(listener.heard).toEqual([1]);
    await turns(1);
    expect(listener.heard).toEqual([1, 2, 3, 4]);
    stage.broker.emit("a", 5);
    expect(listener.heard).toEqual([1, 2, 3, 4, 5]);
    expect(stage.broker.calls).toEqual(["open", "subscribe a", "since a 1"]);
  });

  it("has live events wait while history is read", async () => {
    await using stage = new Stage();
    const listener = await stage.listener("a");
    stage.broker.store("a", 1);
    const gate = stage.broker.hold("since");
    stage.broker.emit("a", 2);
    stage.broker.emit("a", 3);
    await turns(1);
    expect(listener.heard).toEqual([]);
    gate.resolve();
    stage.broker.emit("a", 4);
    await turns(1);
    expect(listener.heard).toEqual([1, 2, 3, 4]);
  });

  it("is restored in several readings when much is missing", async () => {
    await using stage = new Stage();
    const listener = await stage.listener("a");
    for (let n = 1; n <= 2_500; n += 1) stage.broker.store("a", n);
    stage.broker.emit("a", 2_501);
    await turns(1);
    expect(listener.heard).toEqual(Array.from({ length: 2_501 }, (_, index) => index + 1));
    expect(stage.broker.calls.slice(2)).toEqual(["since a 0", "since a 1000", "since a 2000"]);
  });

  it("has a bound for what waits, since history has it, too", async () => {
    await using stage = new Stage();
    const listener = await stage.listener("a");
    stage.broker.store("a", 0);
    const gate = stage.broker.hold("since");
    for (let n = 1; n <= 3_000; n += 1) stage.broker.emit("a", n);
    gate.resolve();
    stage.broker.letGo("since");
    await turns(2);
    stage.broker.emit("a", 3_001);
    await turns(2);
    expect(listener.heard).toEqual(Array.from({ length: 3_002 }, (_, index) => index));
  });

  it.each([
    { when: "when the broker says that it lost something", trouble: (broker: ScriptedBroker) => broker.lose(["a"]) },
    { when: "when it lost something anywhere", trouble: (broker: ScriptedBroker) => broker.lose("all") },
    { when: "when the link is up again", trouble: (broker: ScriptedBroker) => broker.link(true) },
  ])("is restored $when, also on a topic that then goes quiet", async ({ trouble }) => {
    await using stage = new Stage();
    const listener = await stage.listener("a");
    stage.broker.emit("a", 1);
    stage.broker.link(false);
    stage.broker.store("a", 2);
    expect(stage.broker.calls).not.toContain("since a 1");
    trouble(stage.broker);
    await turns(1);
    expect(listener.heard).toEqual([1, 2]);
    stage.broker.emit("a", 3);
    expect(listener.heard).toEqual([1, 2, 3]);
  });

  it("is restored again when there is trouble while history is being read", async () => {
    await using stage = new Stage();
    const listener = await stage.listener("a");
    const gate = stage.broker.hold("since");
    stage.broker.lose(["a"]);
    stage.broker.store("a", 1);
    stage.broker.lose(["a"]);
    stage.broker.letGo("since");
    gate.resolve();
    await turns(1);
    expect(listener.heard).toEqual([1]);
  });

  it("costs nothing for topics that nobody named", async () => {
    await using stage = new Stage();
    await stage.listener("a");
    await stage.listener("b");
    stage.broker.lose(["b", "c"]);
    await turns(1);
    expect(stage.broker.calls.filter((call) => call.startsWith("since"))).toEqual(["since b 0"]);
  });

  it("is kept across the linger of a topic", async () => {
    await using stage = new Stage();
    stage.hub.leave(["a"], await stage.listener("a"));
    stage.broker.emit("a", 1);
    const listener = await stage.listener("a");
    stage.broker.store("a", 2);
    stage.broker.emit("a", 3);
    await turns(1);
    expect(listener.heard).toEqual([2, 3]);
  });

  it("begins anew for a topic that was given up", async () => {
    await using stage = new Stage({ linger: 0 });
    stage.hub.leave(["a"], await stage.listener("a"));
    await turns(1);
    stage.broker.store("a", 1);
    const listener = await stage.listener("a");
    stage.broker.emit("a", 2);
    expect(listener.heard).toEqual([2]);
    expect(stage.broker.calls).not.toContain("since a 0");
  });

  it("has nothing to read for those who come while a topic is given up in the middle of a reading", async () => {
    await using stage = new Stage({ linger: 0 });
    const first = await stage.listener("a");
    const reading = stage.broker.hold("since");
    const leaving = stage.broker.hold("unsubscribe");
    stage.broker.lose(["a"]);
    stage.broker.store("a", "old");
    stage.hub.leave(["a"], first);
    await turns(1);
    const coming = stage.listener("a");
    leaving.resolve();
    const second = await coming;
    reading.resolve();
    await turns(1);
    stage.broker.emit("a", "new");
    await turns(1);
    expect([first.heard, second.heard]).toEqual([[], ["new"]]);
  });

  it("has nothing to read for those who came after a topic was given up in the middle of a reading", async () => {
    await using stage = new Stage({ linger: 0 });
    const first = await stage.listener("a");
    const gate = stage.broker.hold("since");
    stage.broker.lose(["a"]);
    stage.broker.store("a", "old");
    stage.hub.leave(["a"], first);
    await turns(1);
    const second = await stage.listener("a");
    gate.resolve();
    await turns(1);
    stage.broker.emit("a", "new");
    await turns(1);
    expect([first.heard, second.heard]).toEqual([[], ["new"]]);
  });
});

describe("A gap", () => {
  it.each(["expired", "fork", "source_lost"] as const)("is told as %s, before any later event", async (reason) => {
    await using stage = new Stage();
    const listener = await stage.listener("a");
    stage.broker.store("a", 1);
    stage.broker.forget("a", 1, reason);
    stage.broker.emit("a", 2);
    stage.broker.emit("a", 3);
    await turns(1);
    stage.broker.emit("a", 4);
    expect(listener.heard).toEqual([`gap ${reason}`, 2, 3, 4]);
  });

  it("is told as broker_lost when history cannot be read", async () => {
    await using stage = new Stage();
    const listener = await stage.listener("a");
    const gate = stage.broker.hold("since");
    stage.broker.store("a", 1);
    stage.broker.emit("a", 2);
    gate.reject(new Error("timeout"));
    await turns(1);
    stage.broker.emit("a", 3);
    expect(listener.heard).toEqual(["gap broker_lost", 2, 3]);
  });

  it("is told as broker_lost, every time, by a broker without history", async () => {
    const broker: Broker & ScriptedBroker = Object.assign(new ScriptedBroker(), { since: undefined });
    await using stage = new Stage({ broker });
    const listener = new NotedListener();
    await stage.hub.listen(["a"], listener);
    broker.link(false);
    broker.link(true);
    await turns(1);
    const later = new NotedListener();
    await stage.hub.listen(["a"], later);
    broker.link(false);
    broker.link(true);
    await turns(1);
    expect([listener.heard, later.heard]).toEqual([["gap broker_lost", "gap broker_lost"], ["gap broker_lost"]]);
  });

  it("is told to every listener of the topic, whatever its conditions, and to nobody else", async () => {
    await using stage = new Stage();
    const [matching, other] = [new NotedListener({ id: 1 }), await stage.listener("b")];
    await stage.hub.listen(["a"], matching);
    stage.broker.store("a", 1);
    stage.broker.forget("a", 1);
    stage.broker.lose("all");
    await turns(1);
    expect([matching.heard, other.heard]).toEqual([["gap expired"], []]);
  });
});

describe("After its end the hub", () => {
  it("takes no listener", async () => {
    const stage = new Stage();
    await stage[Symbol.asyncDispose]();
    await expect(stage.listener("a")).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("hands nothing on, and has no timer", async () => {
    const stage = new Stage();
    const listener = await stage.listener("a");
    stage.hub.leave(["b"], await stage.listener("b"));
    expect(stage.clock.pending).toBe(1);
    const gate = stage.broker.hold("since");
    stage.broker.store("a", 1);
    stage.broker.emit("a", 2);
    await stage[Symbol.asyncDispose]();
    gate.resolve();
    stage.broker.emit("a", 3);
    await turns(1);
    expect(listener.heard).toEqual([]);
    expect(stage.clock.pending).toBe(0);
  });
});
