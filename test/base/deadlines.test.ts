import { describe, expect, it } from "vitest";
import { Deadlines } from "../../src/base/deadlines.ts";
import { fakeClock } from "../../src/testing/fake-clock.ts";

class Job {
  lateness = 0;

  late(): void {
    this.lateness += 1;
  }
}

describe("Deadlines", () => {
  it("call each entry once after its own timeout, by one timer", () => {
    const clock = fakeClock();
    const deadlines = new Deadlines(clock, 100);
    const [first, second] = [new Job(), new Job()];
    deadlines.add(first);
    clock.advance(60);
    deadlines.add(second);
    expect(clock.pending).toBe(1);
    clock.advance(40);
    expect([first.lateness, second.lateness]).toEqual([1, 0]);
    clock.advance(59);
    expect(second.lateness).toBe(0);
    clock.advance(1);
    expect([first.lateness, second.lateness, clock.pending]).toEqual([1, 1, 0]);
  });

  it("do not call a removed entry, and do not set their timer again without entries", () => {
    const clock = fakeClock();
    const deadlines = new Deadlines(clock, 100);
    const [done, other] = [new Job(), new Job()];
    deadlines.add(done);
    deadlines.add(other);
    deadlines.delete(done);
    clock.advance(100);
    expect([done.lateness, other.lateness, clock.pending]).toEqual([0, 1, 0]);
    deadlines.add(done);
    deadlines.delete(done);
    deadlines.delete(done);
    expect([deadlines.size, clock.pending]).toEqual([0, 1]);
    clock.advance(100);
    expect([done.lateness, clock.pending]).toEqual([0, 0]);
  });

  it("give an entry that is added again the whole timeout", () => {
    const clock = fakeClock();
    const deadlines = new Deadlines(clock, 100);
    const job = new Job();
    deadlines.add(job);
    clock.advance(80);
    deadlines.add(job);
    clock.advance(80);
    expect(job.lateness).toBe(0);
    clock.advance(20);
    expect(job.lateness).toBe(1);
  });

  it("are re-entrant: a late entry can add and remove others", () => {
    const clock = fakeClock();
    const deadlines = new Deadlines(clock, 100);
    const other = new Job();
    const job = { late: () => deadlines.delete(other) };
    deadlines.add(job);
    deadlines.add(other);
    clock.advance(100);
    expect([other.lateness, clock.pending]).toEqual([0, 0]);
  });

  it("never pass with Infinity, nor after disposal", () => {
    const clock = fakeClock();
    new Deadlines(clock, Infinity).add(new Job());
    expect(clock.pending).toBe(0);
    const deadlines = new Deadlines(clock, 100);
    const job = new Job();
    deadlines.add(job);
    deadlines[Symbol.dispose]();
    expect(clock.pending).toBe(0);
    clock.advance(100);
    expect(job.lateness).toBe(0);
  });

  it("share a timer with entries that were removed before, and are called neither early nor late", () => {
    const clock = fakeClock();
    const deadlines = new Deadlines(clock, 100);
    const [done, next] = [new Job(), new Job()];
    deadlines.add(done);
    deadlines.delete(done);
    clock.advance(60);
    deadlines.add(next);
    expect(clock.pending).toBe(1);
    clock.advance(99);
    expect(next.lateness).toBe(0);
    clock.advance(1);
    expect([done.lateness, next.lateness, clock.pending]).toEqual([0, 1, 0]);
  });
});
