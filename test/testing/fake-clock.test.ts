import { describe, expect, it } from "vitest";
import { fakeClock } from "../../src/testing/fake-clock.ts";

describe("A fake clock", () => {
  it("keeps its time until it is advanced", () => {
    const clock = fakeClock(1000);
    expect(clock.now()).toBe(1000);
    clock.advance(250);
    expect(clock.now()).toBe(1250);
    expect(fakeClock().now()).toBe(0);
  });

  it("fires timers in the order of their time, each at its own time", () => {
    const clock = fakeClock();
    const fired: string[] = [];
    const note = (name: string) => () => void fired.push(`${name} ${clock.now()}`);
    clock.after(30, note("c"));
    clock.after(10, note("a"));
    clock.every(20, note("every"));
    clock.after(20, note("b"));
    clock.advance(29);
    expect(fired).toEqual(["a 10", "every 20", "b 20"]);
    clock.advance(31);
    expect(fired.slice(3)).toEqual(["c 30", "every 40", "every 60"]);
  });

  it("fires a timer that is set meanwhile, if it is due", () => {
    const clock = fakeClock();
    const fired: number[] = [];
    clock.after(10, () => {
      clock.after(5, () => fired.push(clock.now()));
      clock.after(50, () => fired.push(clock.now()));
    });
    clock.advance(20);
    expect(fired).toEqual([15]);
    clock.advance(40);
    expect(fired).toEqual([15, 60]);
  });

  it("does not fire a disposed timer, even one that another timer's callback disposed", () => {
    const clock = fakeClock();
    const fired: string[] = [];
    const late = clock.after(20, () => fired.push("late"));
    const every = clock.every(5, () => {
      fired.push("every");
      every[Symbol.dispose]();
      late[Symbol.dispose]();
    });
    clock.advance(100);
    expect(fired).toEqual(["every"]);
    every[Symbol.dispose]();
  });

  it("treats an interval of 0 as 1 ms, as Node does, and a negative delay as 0", () => {
    const clock = fakeClock();
    const fired: string[] = [];
    clock.every(0, () => fired.push("every"));
    clock.after(-5, () => fired.push("after"));
    clock.advance(0);
    expect(fired).toEqual(["after"]);
    clock.advance(3);
    expect(fired).toEqual(["after", "every", "every", "every"]);
  });

  it("runs deferred callbacks at the end of the turn, and those that they defer at the end of the next", () => {
    const clock = fakeClock();
    const ran: string[] = [];
    clock.defer(() => {
      ran.push("first");
      clock.defer(() => ran.push("second"));
    });
    clock.defer(() => ran.push("disposed"))[Symbol.dispose]();
    expect(ran).toEqual([]);
    clock.turn();
    expect(ran).toEqual(["first"]);
    clock.turn();
    expect(ran).toEqual(["first", "second"]);
  });

  it("does not run a callback that an earlier one of the same turn disposed", () => {
    const clock = fakeClock();
    const ran: string[] = [];
    const timers = [clock.defer(() => timers.at(-1)?.[Symbol.dispose]())];
    timers.push(clock.defer(() => ran.push("disposed")));
    clock.turn();
    expect(ran).toEqual([]);
  });

  it("runs all turns before the first timer and after each one", () => {
    const clock = fakeClock();
    const ran: string[] = [];
    const defer = (name: string) => clock.defer(() => ran.push(`${name} ${clock.now()}`));
    clock.after(10, () => defer("after 10"));
    clock.after(20, () => ran.push("timer 20"));
    defer("at once");
    clock.advance(20);
    expect(ran).toEqual(["at once 0", "after 10 10", "timer 20"]);
  });

  it("counts the pending timers and deferred callbacks", () => {
    const clock = fakeClock();
    const timer = clock.after(10, () => {});
    clock.every(10, () => {});
    clock.defer(() => {});
    expect(clock.pending).toBe(3);
    timer[Symbol.dispose]();
    clock.turn();
    expect(clock.pending).toBe(1);
    clock.advance(100);
    expect(clock.pending).toBe(1);
  });

  it("throws for an endless loop", () => {
    const clock = fakeClock();
    const again = () => void clock.defer(again);
    again();
    expect(() => clock.advance(1)).toThrow(RangeError);
  });
});
