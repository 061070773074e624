import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../src/base/clock.ts";

/** The longest delay of Node's timers, nearly 25 days. */
const longest = 2 ** 31 - 1;

describe("The system's clock", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it.each([1, 1_000, longest, longest + 1, 3 * longest])(
    "fires a timer once after %i ms, and not earlier",
    (milliseconds) => {
      let rung = 0;
      systemClock.after(milliseconds, () => (rung += 1));
      vi.advanceTimersByTime(milliseconds - 1);
      expect(rung).toBe(0);
      vi.advanceTimersByTime(1);
      expect(rung).toBe(1);
      vi.advanceTimersByTime(longest);
      expect(rung).toBe(1);
    },
  );

  it("never fires a timer of Infinity, by which an option turns a limit off", () => {
    let rung = 0;
    systemClock.after(Infinity, () => (rung += 1));
    vi.advanceTimersByTime(10 * longest);
    expect(rung).toBe(0);
  });

  it("fires an interval again and again, also one longer than Node's longest", () => {
    const rung: string[] = [];
    systemClock.every(1_000, () => rung.push("second"));
    systemClock.every(Infinity, () => rung.push("never"));
    vi.advanceTimersByTime(3_000);
    expect(rung).toEqual(["second", "second", "second"]);
  });

  it.each([1_000, 3 * longest, Infinity])("cancels a disposed timer of %i ms", (milliseconds) => {
    const timer = systemClock.after(milliseconds, () => expect.unreachable());
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(Math.min(milliseconds - 1, longest + 1));
    timer[Symbol.dispose]();
    timer[Symbol.dispose]();
    expect(vi.getTimerCount()).toBe(0);
  });
});
