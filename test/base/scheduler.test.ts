import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { systemClock, type Clock } from "../../src/base/clock.ts";
import { Scheduler, type Priority } from "../../src/base/scheduler.ts";
import { fakeClock } from "../../src/testing/fake-clock.ts";
import { turns } from "../../src/testing/client.ts";
import { holds } from "../property-runs.ts";
import { WorkingLoop } from "./working-loop.ts";

const slice = 16;

/** A loop that notes what each of its turns did. */
class Loop {
  readonly done: number[][] = [[]];
  readonly #loop = new WorkingLoop();

  get clock(): Clock {
    return this.#loop.clock;
  }

  /** Does a piece of work that takes so many milliseconds. */
  work(milliseconds: number): void {
    this.#loop.work(milliseconds);
    this.done.at(-1)?.push(milliseconds);
  }

  /** Ends a turn, and lets the microtasks run that it leaves behind. */
  async turn(): Promise<void> {
    this.done.push([]);
    this.#loop.turn();
    for (let tick = 0; tick < 100; tick += 1) await Promise.resolve();
  }
}

async function worker(
  loop: Loop,
  scheduler: Scheduler,
  milliseconds: number,
  priority: Priority = "normal",
): Promise<void> {
  const time = scheduler.whenTime(priority);
  if (time) await time;
  loop.work(milliseconds);
}

describe("A scheduler", () => {
  it("lets work be done at once while a turn has time", async () => {
    const loop = new Loop();
    const scheduler = new Scheduler(loop.clock, slice);
    await Promise.all([5, 5, 5].map((cost) => worker(loop, scheduler, cost)));
    expect(loop.done).toEqual([[5, 5, 5]]);
  });

  it("keeps the rest for later turns, in the order of the calls", async () => {
    const loop = new Loop();
    const scheduler = new Scheduler(loop.clock, slice);
    const all = [10, 11, 12, 13, 1].map((cost) => worker(loop, scheduler, cost));
    for (let turn = 0; turn < 3; turn += 1) await loop.turn();
    await Promise.all(all);
    expect(loop.done.filter((turn) => turn.length > 0)).toEqual([[10, 11], [12, 13], [1]]);
  });

  it("lets nobody pass who comes while others wait", async () => {
    const loop = new Loop();
    const scheduler = new Scheduler(loop.clock, slice);
    const all = [20, 1].map((cost) => worker(loop, scheduler, cost));
    expect(scheduler.whenTime("normal")).toBeInstanceOf(Promise);
    await loop.turn();
    await Promise.all(all);
    expect(scheduler.whenTime("normal")).toBeUndefined();
  });

  it("lets work of a higher priority go first, and none starve", async () => {
    const loop = new Loop();
    const scheduler = new Scheduler(loop.clock, slice);
    const first = worker(loop, scheduler, 20);
    const low = [30, 31].map((cost) => worker(loop, scheduler, cost, "low"));
    const begun = [25, 26].map((cost) => worker(loop, scheduler, cost, "begun"));
    const normal = [21, 22].map((cost) => worker(loop, scheduler, cost, "normal"));
    const high = [1, 2, 18, 3].map((cost) => worker(loop, scheduler, cost, "high"));
    for (let turn = 0; turn < 3; turn += 1) await loop.turn();
    await Promise.all([first, ...low, ...begun, ...normal, ...high]);
    expect(loop.done.filter((turn) => turn.length > 0)).toEqual([[20], [1, 2, 18, 21, 25, 30], [3, 22, 26, 31]]);
  });

  it("does one large piece that waited in each turn, however much time is left", async () => {
    const loop = new Loop();
    const scheduler = new Scheduler(loop.clock, slice);
    const all = [worker(loop, scheduler, 20), ...[1, 2, 3].map((cost) => worker(loop, scheduler, cost, "large"))];
    for (let turn = 0; turn < 4; turn += 1) await loop.turn();
    await Promise.all(all);
    expect(loop.done.filter((turn) => turn.length > 0)).toEqual([[20], [1], [2], [3]]);
  });

  it("exceeds the slice of a turn by one piece of work at most, whatever the pieces take", async () => {
    const costs = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 40 });
    const property = fc.asyncProperty(costs, async (all) => {
      const loop = new Loop();
      const scheduler = new Scheduler(loop.clock, slice);
      const workers = all.map((cost) => worker(loop, scheduler, cost));
      for (let turn = 0; turn < all.length; turn += 1) await loop.turn();
      await Promise.all(workers);
      expect(loop.done.flat()).toEqual(all);
      for (const turn of loop.done) {
        const beforeLast = turn.slice(0, -1).reduce((sum, cost) => sum + cost, 0);
        expect(beforeLast).toBeLessThan(slice);
      }
    });
    await holds(property, 200);
  });

  it("counts work that is some promises away from what was waited for", async () => {
    const loop = new Loop();
    const scheduler = new Scheduler(loop.clock, slice);
    async function later(milliseconds: number): Promise<void> {
      const time = scheduler.whenTime("low");
      if (time) await time;
      for (let depth = 0; depth < 10; depth += 1) await Promise.resolve();
      loop.work(milliseconds);
    }
    const all = [worker(loop, scheduler, 20), later(30), later(31), later(32)];
    for (let turn = 0; turn < 3; turn += 1) await loop.turn();
    await Promise.all(all);
    expect(loop.done.filter((turn) => turn.length > 0)).toEqual([[20], [30], [31], [32]]);
  });

  it("leaves the event loop between turns", async () => {
    let now = 0;
    const clock: Clock = { ...systemClock, now: () => now };
    const scheduler = new Scheduler(clock, slice);
    let done = 0;
    const working = (async () => {
      for (; done < 10; done += 1) {
        await scheduler.whenTime("normal");
        now += slice;
      }
    })();
    await turns(1);
    expect(done).toBeLessThan(10);
    await working;
  });

  it("lets all go on that wait when it is disposed, and later nobody waits", async () => {
    const loop = new Loop();
    const scheduler = new Scheduler(loop.clock, slice);
    const all = [20, 20, 20].map((cost) => worker(loop, scheduler, cost));
    scheduler[Symbol.dispose]();
    await Promise.all(all);
    expect(loop.done).toEqual([[20, 20, 20]]);
    expect(scheduler.whenTime("normal")).toBeUndefined();
  });

  it("calls back at the end of a turn, once, with one deferral for all", () => {
    const clock = fakeClock();
    const scheduler = new Scheduler(clock, slice);
    const called: string[] = [];
    scheduler.atEnd(() => called.push("first"));
    scheduler.atEnd(() => called.push("second"));
    expect(scheduler.hasTime).toBe(true);
    expect(clock.pending).toBe(1);
    clock.turn();
    expect(called).toEqual(["first", "second"]);
    clock.turn();
    expect(called).toHaveLength(2);
  });

  it("calls back in the next turn who asks again while it is called", () => {
    const clock = fakeClock();
    const scheduler = new Scheduler(clock, slice);
    let calls = 0;
    const again = (): void => {
      calls += 1;
      scheduler.atEnd(again);
    };
    scheduler.atEnd(again);
    for (let turn = 1; turn <= 3; turn += 1) {
      clock.turn();
      expect(calls).toBe(turn);
    }
  });

  it("calls back before the work that was waiting, with a slice of its own", async () => {
    const loop = new Loop();
    const scheduler = new Scheduler(loop.clock, slice);
    const all = [20, 20, 20].map((cost) => worker(loop, scheduler, cost));
    scheduler.atEnd(() => {
      if (scheduler.hasTime) loop.work(1);
    });
    await loop.turn();
    await loop.turn();
    await Promise.all(all);
    expect(loop.done.filter((turn) => turn.length > 0)).toEqual([[20], [1, 20], [20]]);
  });

  it("lets work go on that waits when a callback throws", async () => {
    const loop = new Loop();
    const scheduler = new Scheduler(loop.clock, slice);
    const all = [20, 20].map((cost) => worker(loop, scheduler, cost));
    scheduler.atEnd(() => {
      throw new Error("A defect");
    });
    await expect(loop.turn()).rejects.toThrow("A defect");
    await Promise.all(all);
    expect(loop.done.filter((turn) => turn.length > 0)).toEqual([[20], [20]]);
  });

  it("calls nobody back after it was disposed", () => {
    const clock = fakeClock();
    const scheduler = new Scheduler(clock, slice);
    let calls = 0;
    scheduler.atEnd(() => (calls += 1));
    scheduler[Symbol.dispose]();
    scheduler.atEnd(() => (calls += 1));
    clock.turn();
    expect([calls, clock.pending]).toEqual([0, 0]);
  });
});
