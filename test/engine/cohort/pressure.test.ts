import { describe, expect, it } from "vitest";
import { Pressure } from "../../../src/engine/cohort/pressure.ts";
import { turns } from "../../../src/testing/client.ts";
import { fakeClock } from "../../../src/testing/fake-clock.ts";

const lowWater = 1_024;

/** Whether a promise has resolved. */
async function isOver(promise: Promise<void> | undefined): Promise<boolean> {
  let over = false;
  void promise?.then(() => (over = true));
  await turns(1);
  return over;
}

describe("The pressure of events that wait for their execution", () => {
  it("makes nobody wait while few do", () => {
    const pressure = new Pressure(fakeClock(), Infinity);
    pressure.add(lowWater - 1);
    expect(pressure.whenLow()).toBeUndefined();
  });

  it("makes sources wait until few do", async () => {
    const clock = fakeClock();
    const pressure = new Pressure(clock, Infinity);
    pressure.add(2 * lowWater);
    const low = pressure.whenLow();
    pressure.take(lowWater);
    expect(await isOver(low)).toBe(false);
    pressure.take(1);
    expect(await isOver(low)).toBe(true);
    expect([pressure.waiting, pressure.whenLow(), clock.pending]).toEqual([lowWater - 1, undefined, 0]);
  });

  it("makes nobody wait longer than a second for a resolver that hangs", async () => {
    const clock = fakeClock();
    const pressure = new Pressure(clock, Infinity);
    pressure.add(2 * lowWater);
    const low = pressure.whenLow();
    clock.advance(900);
    pressure.take(1);
    clock.advance(200);
    expect(await isOver(low)).toBe(false);
    clock.advance(1_000);
    expect(await isOver(low)).toBe(true);
  });

  it("makes publishers wait for a turn, all for the same, and only while many events wait", async () => {
    const clock = fakeClock();
    const pressure = new Pressure(clock, Infinity);
    pressure.add(lowWater);
    const turn = pressure.nextTurn();
    expect([pressure.nextTurn() === turn, clock.pending]).toEqual([true, 1]);
    clock.advance(0);
    expect(await isOver(turn)).toBe(true);
    expect(pressure.nextTurn()).not.toBe(turn);
    pressure.take(1);
    expect(pressure.nextTurn()).toBeUndefined();
  });

  it("is full at its limit", () => {
    const pressure = new Pressure(fakeClock(), 3);
    pressure.add(2);
    expect(pressure.isFull).toBe(false);
    pressure.add(1);
    expect(pressure.isFull).toBe(true);
  });

  it("holds nobody when its owner is gone", async () => {
    const clock = fakeClock();
    const pressure = new Pressure(clock, Infinity);
    pressure.add(2 * lowWater);
    const low = pressure.whenLow();
    pressure[Symbol.dispose]();
    expect([await isOver(low), pressure.whenLow(), clock.pending]).toEqual([true, undefined, 0]);
  });
});
