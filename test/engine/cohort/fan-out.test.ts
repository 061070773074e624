import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { Scheduler } from "../../../src/base/scheduler.ts";
import { FanOut, type FanOutSource, type FanOutTarget } from "../../../src/engine/cohort/fan-out.ts";
import { turns } from "../../../src/testing/client.ts";
import { fakeClock } from "../../../src/testing/fake-clock.ts";
import { WorkingLoop } from "../../base/working-loop.ts";
import { holds } from "../../property-runs.ts";

/** A source with so many results to hand out, which notes how many it was let hand out in each turn. */
class Crowd implements FanOutSource {
  readonly served: number[] = [];
  readonly unfinished = false;
  left: number;
  readonly #reached: () => void;

  constructor(left: number, reached: () => void = () => undefined) {
    this.left = left;
    this.#reached = reached;
  }

  distribute(budget: number): number {
    const count = Math.min(budget, this.left);
    for (let index = 0; index < count; index += 1) this.#reached();
    this.left -= count;
    this.served.push(count);
    return count;
  }
}

/** A target that notes when it was flushed. */
class Socket implements FanOutTarget {
  mayReceiveMore = false;
  flushes = 0;

  flush(): void {
    this.flushes += 1;
  }
}

describe("A fan-out", () => {
  it("begins at the end of the turn", () => {
    const clock = fakeClock();
    const fanOut = new FanOut(new Scheduler(clock, 16), 100, (callback) => callback());
    const [crowd, socket] = [new Crowd(3), new Socket()];
    fanOut.addSource(crowd);
    fanOut.addSource(crowd);
    fanOut.addTarget(socket);
    expect([crowd.left, socket.flushes, clock.pending]).toEqual([3, 0, 1]);
    clock.turn();
    expect([crowd.left, socket.flushes, clock.pending]).toEqual([0, 1, 0]);
  });

  it("is cut into slices of members, one for each turn", () => {
    const clock = fakeClock();
    const fanOut = new FanOut(new Scheduler(clock, 16), 100, (callback) => callback());
    const crowd = new Crowd(250);
    fanOut.addSource(crowd);
    for (const left of [150, 50, 0]) {
      clock.turn();
      expect(crowd.left).toBe(left);
    }
    expect(crowd.served).toEqual([100, 100, 50]);
    expect(clock.pending).toBe(0);
  });

  it("leaves the event loop between its slices", async () => {
    const seen: string[] = [];
    const fanOut = new FanOut(new Scheduler(systemClock, 16), 10, (callback) => callback());
    const crowd = new Crowd(30);
    const inLoop = { unfinished: false, distribute: (budget: number) => crowd.distribute(budget) };
    fanOut.addSource(inLoop);
    while (crowd.left > 0) {
      await turns(1);
      seen.push(`loop with ${crowd.left} left`);
    }
    expect(seen).toEqual(["loop with 20 left", "loop with 10 left", "loop with 0 left"]);
  });

  it("serves several sources in one turn, as far as the slice goes", () => {
    const clock = fakeClock();
    const fanOut = new FanOut(new Scheduler(clock, 16), 100, (callback) => callback());
    const crowds = [new Crowd(30), new Crowd(60), new Crowd(40), new Crowd(5)];
    for (const crowd of crowds) fanOut.addSource(crowd);
    clock.turn();
    expect(crowds.map(({ left }) => left)).toEqual([0, 0, 30, 5]);
    clock.turn();
    expect(crowds.map(({ served }) => served)).toEqual([[30], [60], [10, 30], [5]]);
  });

  it("ends with any slice, also one that has no limit", () => {
    const clock = fakeClock();
    const fanOut = new FanOut(new Scheduler(clock, 16), Infinity, (callback) => callback());
    const crowd = new Crowd(10_000);
    fanOut.addSource(crowd);
    clock.turn();
    expect([crowd.left, clock.pending]).toEqual([0, 0]);
  });

  it("writes to a target as soon as it was reached, and once", () => {
    const clock = fakeClock();
    const fanOut = new FanOut(new Scheduler(clock, 16), 2, (callback) => callback());
    const sockets = Array.from({ length: 4 }, () => new Socket());
    const waiting = [...sockets];
    const crowd = new Crowd(4, () => {
      const socket = waiting.shift();
      if (socket) fanOut.addTarget(socket);
    });
    fanOut.addSource(crowd);
    clock.turn();
    expect(sockets.map(({ flushes }) => flushes)).toEqual([1, 1, 0, 0]);
    clock.turn();
    expect(sockets.map(({ flushes }) => flushes)).toEqual([1, 1, 1, 1]);
  });

  it("writes once to a target that more may still come for, when nothing more can come", () => {
    const clock = fakeClock();
    const fanOut = new FanOut(new Scheduler(clock, 16), 100, (callback) => callback());
    const socket = new Socket();
    socket.mayReceiveMore = true;
    fanOut.addSource(new Crowd(1, () => fanOut.addTarget(socket)));
    fanOut.addSource(new Crowd(1, () => expect(socket.flushes).toBe(0)));
    clock.turn();
    expect(socket.flushes).toBe(1);
  });

  it("writes to targets in slices, too", () => {
    const clock = fakeClock();
    const fanOut = new FanOut(new Scheduler(clock, 16), 10, (callback) => callback());
    const sockets = Array.from({ length: 25 }, () => new Socket());
    for (const socket of sockets) fanOut.addTarget(socket);
    const flushed = (): number => sockets.filter(({ flushes }) => flushes > 0).length;
    const seen: number[] = [];
    while (clock.pending > 0) {
      clock.turn();
      seen.push(flushed());
    }
    expect(seen).toEqual([10, 20, 25]);
  });

  it("takes what is added while it is under way", () => {
    const clock = fakeClock();
    const fanOut = new FanOut(new Scheduler(clock, 16), 100, (callback) => callback());
    const late = new Crowd(5);
    const socket = new Socket();
    fanOut.addSource(new Crowd(1, () => fanOut.addSource(late)));
    fanOut.addTarget({ mayReceiveMore: false, flush: () => fanOut.addTarget(socket) });
    while (clock.pending > 0) clock.turn();
    expect([late.left, socket.flushes]).toEqual([0, 1]);
  });

  it("runs in the context that it was given", () => {
    const clock = fakeClock();
    let inside = 0;
    const fanOut = new FanOut(new Scheduler(clock, 16), 100, (callback) => {
      inside += 1;
      callback();
      inside -= 1;
    });
    const seen: number[] = [];
    fanOut.addSource(new Crowd(1, () => seen.push(inside)));
    fanOut.addTarget({ mayReceiveMore: false, flush: () => seen.push(inside) });
    clock.turn();
    expect(seen).toEqual([1, 1]);
  });

  it("serves nobody after its end", () => {
    const clock = fakeClock();
    const fanOut = new FanOut(new Scheduler(clock, 16), 100, (callback) => callback());
    const crowd = new Crowd(1);
    fanOut.addSource(crowd);
    fanOut[Symbol.dispose]();
    clock.turn();
    expect(crowd.left).toBe(1);
  });

  it("serves no source that it was told to forget", () => {
    const clock = fakeClock();
    const fanOut = new FanOut(new Scheduler(clock, 16), 100, (callback) => callback());
    const [left, crowd, idle] = [new Crowd(3), new Crowd(3), new Crowd(0)];
    fanOut.addSource(left);
    fanOut.addSource(crowd);
    fanOut.addUnfinished(idle);
    fanOut.forget(left);
    fanOut.forget(idle);
    clock.turn();
    expect([left.served, crowd.served, idle.served]).toEqual([[], [3], []]);
  });
});

describe("A fan-out is fair:", () => {
  it("a source that never ends does not keep another one waiting", () => {
    const clock = fakeClock();
    const fanOut = new FanOut(new Scheduler(clock, 16), 10, (callback) => callback());
    const [endless, small] = [new Crowd(Infinity), new Crowd(3)];
    fanOut.addSource(endless);
    fanOut.addSource(small);
    for (let turn = 0; turn < 3; turn += 1) clock.turn();
    expect(small.left).toBe(0);
  });

  it("nor does it keep a target waiting that more may come for", () => {
    const clock = fakeClock();
    const fanOut = new FanOut(new Scheduler(clock, 16), 10, (callback) => callback());
    const socket = new Socket();
    socket.mayReceiveMore = true;
    fanOut.addSource(new Crowd(Infinity));
    fanOut.addTarget(socket);
    for (let turn = 0; turn < 3; turn += 1) clock.turn();
    expect(socket.flushes).toBe(1);
  });
});

/** Executes events of given costs as a cohort does, and notes what each turn executed. */
function executeInTurns(costs: readonly number[]): readonly (readonly number[])[] {
  const loop = new WorkingLoop();
  const fanOut = new FanOut(new Scheduler(loop.clock, 16), 100, (callback) => callback());
  const left = [...costs];
  const executed: number[][] = [];
  const source = {
    get unfinished() {
      return left.length > 0;
    },
    distribute() {
      const turn: number[] = [];
      while (left.length > 0 && fanOut.mayExecute()) {
        const cost = left.shift() ?? 0;
        turn.push(cost);
        loop.work(cost);
      }
      executed.push(turn);
      return 0;
    },
  };
  fanOut.addUnfinished(source);
  while (left.length > 0) loop.turn();
  return executed;
}

/** A thousand sources, each with events of 4 milliseconds to execute, and the numbers of those that are looked at. */
class Crowds {
  readonly loop: WorkingLoop = new WorkingLoop();
  readonly fanOut: FanOut = new FanOut(new Scheduler(this.loop.clock, 16), 100, (callback) => callback());
  #looked: number[] = [];

  constructor(events: number) {
    for (let number = 0; number < 1_000; number += 1) this.fanOut.addUnfinished(this.#source(number, events));
  }

  /** The numbers of the sources that the next turn looks at. */
  turn(): readonly number[] {
    this.#looked = [];
    this.loop.turn();
    return this.#looked;
  }

  #source(number: number, events: number): FanOutSource {
    let left = events;
    return {
      get unfinished() {
        return left > 0;
      },
      distribute: () => {
        this.#looked.push(number);
        while (left > 0 && this.fanOut.mayExecute()) {
          this.loop.work(4);
          left -= 1;
        }
        return 0;
      },
    };
  }
}

describe("A turn that executes events", () => {
  it("looks at no more sources than it has time for, one after the other", () => {
    const crowds = new Crowds(1);
    expect([crowds.turn(), crowds.turn()]).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ]);
  });

  it("comes back to a source that it has left unfinished after the others", () => {
    const crowds = new Crowds(5);
    expect([crowds.turn(), crowds.turn()]).toEqual([[0], [1]]);
    for (let turn = 2; turn < 1_000; turn += 1) crowds.turn();
    expect(crowds.turn()).toEqual([0, 1, 2, 3]);
  });

  it("hands on results that are ready, however many sources wait to execute", () => {
    const crowds = new Crowds(5);
    const ready = new Crowd(50);
    crowds.fanOut.addSource(ready);
    crowds.turn();
    expect(ready.left).toBe(0);
  });

  it("hands on what is published while it executes", () => {
    const loop = new WorkingLoop();
    const fanOut = new FanOut(new Scheduler(loop.clock, 16), 100, (callback) => callback());
    const published = new Crowd(5);
    fanOut.addUnfinished({
      unfinished: false,
      distribute: () => {
        fanOut.addSource(published);
        return 0;
      },
    });
    loop.turn();
    expect(published.left).toBe(0);
  });

  it("ends with the first execution that uses up its time slice", () => {
    expect(executeInTurns([30, 30, 30])).toEqual([[30], [30], [30]]);
    expect(executeInTurns([0, 0, 0, 30, 30, 5, 5, 5, 5, 1])).toEqual([[0, 0, 0, 30], [30], [5, 5, 5, 5], [1]]);
  });

  it("exceeds its time slice by one execution at most, whatever these cost", async () => {
    const slice = 16;
    const costs = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 60 });
    const property = fc.asyncProperty(costs, async (all) => {
      const executed = executeInTurns(all);
      expect(executed.flat()).toEqual(all);
      for (const turn of executed) {
        const beforeLast = turn.slice(0, -1).reduce((sum, cost) => sum + cost, 0);
        expect(beforeLast).toBeLessThan(slice);
      }
    });
    await holds(property, 200);
  });
});
