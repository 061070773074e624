import { describe, expect, it } from "vitest";
import { SnapshotSlots, type SnapshotSlot } from "../../../src/engine/execution/snapshot-slots.ts";
import { fakeClock, type FakeClock } from "../../../src/testing/fake-clock.ts";

/** Slots, and the numbers of those who got one, in order. */
class Crowd {
  readonly clock: FakeClock = fakeClock();
  readonly slots: SnapshotSlots;
  readonly admitted: number[] = [];
  readonly held: SnapshotSlot[] = [];

  constructor(limit: number) {
    this.slots = new SnapshotSlots(this.clock, limit);
  }

  come(...numbers: readonly number[]): void {
    for (const number of numbers) void this.#take(number);
  }

  /** Lets promises settle. */
  async settled(): Promise<readonly number[]> {
    for (let tick = 0; tick < 10; tick += 1) await Promise.resolve();
    return this.admitted;
  }

  async #take(number: number): Promise<void> {
    const slot = await this.slots.take();
    this.admitted.push(number);
    this.held[number] = slot;
  }
}

describe("Snapshots", () => {
  it("are read so many at a time; further ones come when one is done, in order", async () => {
    const crowd = new Crowd(2);
    crowd.come(0, 1, 2, 3, 4);
    expect(await crowd.settled()).toEqual([0, 1]);
    crowd.held[1]?.[Symbol.dispose]();
    expect(await crowd.settled()).toEqual([0, 1, 2]);
    crowd.held[0]?.[Symbol.dispose]();
    crowd.held[2]?.[Symbol.dispose]();
    expect(await crowd.settled()).toEqual([0, 1, 2, 3, 4]);
  });

  it("give their slot back once, however often they are disposed", async () => {
    const crowd = new Crowd(1);
    crowd.come(0, 1, 2);
    await crowd.settled();
    for (let time = 0; time < 3; time += 1) crowd.held[0]?.[Symbol.dispose]();
    expect(await crowd.settled()).toEqual([0, 1]);
  });

  it("make way when no row was read for 200 ms, and do not take a second slot with them when they end", async () => {
    const crowd = new Crowd(1);
    crowd.come(0, 1, 2);
    await crowd.settled();
    crowd.clock.advance(199);
    expect(await crowd.settled()).toEqual([0]);
    crowd.clock.advance(1);
    expect(await crowd.settled()).toEqual([0, 1]);
    crowd.held[0]?.[Symbol.dispose]();
    expect(await crowd.settled()).toEqual([0, 1]);
  });

  it("make way when no further row was read for 200 ms", async () => {
    const crowd = new Crowd(1);
    crowd.come(0, 1);
    await crowd.settled();
    const [reading] = crowd.held;
    if (!reading) throw new Error("It was not admitted");
    reading.hasMoved = true;
    crowd.clock.advance(200);
    expect(await crowd.settled()).toEqual([0]);
    crowd.clock.advance(200);
    expect(await crowd.settled()).toEqual([0, 1]);
  });

  it("keep their slot while rows are read, or wait for a turn of the event loop", async () => {
    const crowd = new Crowd(2);
    crowd.come(0, 1, 2);
    await crowd.settled();
    const [reading, queued] = crowd.held;
    if (!reading || !queued) throw new Error("Two were not admitted");
    queued.waitsForTime = true;
    for (let time = 0; time < 10; time += 1) {
      reading.hasMoved = true;
      crowd.clock.advance(200);
    }
    expect(await crowd.settled()).toEqual([0, 1]);
    queued.waitsForTime = false;
    reading.hasMoved = true;
    crowd.clock.advance(200);
    expect(await crowd.settled()).toEqual([0, 1, 2]);
  });

  it("set no timer while nobody waits", async () => {
    const crowd = new Crowd(1);
    crowd.come(0);
    await crowd.settled();
    expect(crowd.clock.pending).toBe(0);
    crowd.come(1);
    await crowd.settled();
    expect(crowd.clock.pending).toBe(1);
    crowd.held[0]?.[Symbol.dispose]();
    await crowd.settled();
    expect(crowd.clock.pending).toBe(0);
  });

  it("have no bound with Infinity, and none after the end", async () => {
    const unbound = new Crowd(Infinity);
    unbound.come(...Array(1_000).keys());
    expect(await unbound.settled()).toHaveLength(1_000);

    const ended = new Crowd(1);
    ended.come(0, 1, 2);
    await ended.settled();
    ended.slots[Symbol.dispose]();
    ended.come(3);
    expect(new Set(await ended.settled())).toEqual(new Set([0, 1, 2, 3]));
    expect(ended.clock.pending).toBe(0);
  });
});
