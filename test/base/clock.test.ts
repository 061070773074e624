import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../src/base/clock.ts";

/** The longest time that Node's timers know, nearly 25 days. */
const longest = 2 ** 31 - 1;

describe("The system's clock", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it.each([1, 1_000, longest, longest + 1, 3 * longest])("rings once after %i ms, and not earlier", (milliseconds) => {
    let rung = 0;
    systemClock.after(milliseconds, () => (rung += 1));
    vi.advanceTimersByTime(milliseconds - 1);
    expect(rung).toBe(0);
    vi.advanceTimersByTime(1);
    expect(rung).toBe(1);
    vi.advanceTimersByTime(longest);
    expect(rung).toBe(1);
  });

  it("never rings after Infinity, which is how an option turns a limit off", () => {
    let rung = 0;
    systemClock.after(Infinity, () => (rung += 1));
    vi.advanceTimersByTime(10 * longest);
    expect(rung).toBe(0);
  });

  it("rings at every interval, however long", () => {
    const rung: string[] = [];
    systemClock.every(1_000, () => rung.push("second"));
    systemClock.every(Infinity, () => rung.push("never"));
    vi.advanceTimersByTime(3_000);
    expect(rung).toEqual(["second", "second", "second"]);
  });

  it.each([1_000, 3 * longest, Infinity])("leaves no timer of %i ms behind that was disposed", (milliseconds) => {
    const timer = systemClock.after(milliseconds, () => expect.unreachable());
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(Math.min(milliseconds - 1, longest + 1));
    timer[Symbol.dispose]();
    timer[Symbol.dispose]();
    expect(vi.getTimerCount()).toBe(0);
  });
});
