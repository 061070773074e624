import { describe, expect, it } from "vitest";
import { PushIterator } from "../../src/base/push-iterator.ts";

function iterator(limit: number): { values: PushIterator<unknown>; returns: () => number } {
  let returns = 0;
  return { values: new PushIterator<unknown>(limit, () => (returns += 1)), returns: () => returns };
}

const over = { done: true, value: undefined };

describe("A push iterator", () => {
  it("yields the pushed values in order, whether its reader waits or reads later", async () => {
    const { values } = iterator(2);
    const waiting = [values.next(), values.next()];
    values.push(1);
    values.push(undefined);
    values.push(undefined);
    values.push(4);
    expect(await Promise.all(waiting)).toEqual([
      { done: false, value: 1 },
      { done: false, value: undefined },
    ]);
    expect(await values.next()).toEqual({ done: false, value: undefined });
    expect(await values.next()).toEqual({ done: false, value: 4 });
  });

  it("ends after the waiting values, and stays ended", async () => {
    const { values, returns } = iterator(2);
    values.push(1);
    values.end();
    values.end();
    values.push(2);
    expect(returns()).toBe(1);
    expect(await values.next()).toEqual({ done: false, value: 1 });
    expect([await values.next(), await values.next()]).toEqual([over, over]);
  });

  it("throws its error once, after the waiting values", async () => {
    const { values, returns } = iterator(2);
    values.push(1);
    values.fail(new RangeError("too late"));
    expect(await values.next()).toEqual({ done: false, value: 1 });
    await expect(values.next()).rejects.toThrow("too late");
    expect(await values.next()).toEqual(over);
    expect(returns()).toBe(1);
  });

  it("rejects the first of its waiting readers with its error, and ends for the others", async () => {
    const { values } = iterator(2);
    const [first, second] = [values.next(), values.next()];
    values.fail(new RangeError("too late"));
    await expect(first).rejects.toThrow("too late");
    expect(await second).toEqual(over);
  });

  it("holds at most its limit, and fails with OVERFLOW after the waiting values", async () => {
    const { values } = iterator(1);
    values.push(1);
    values.push(2);
    expect(await values.next()).toEqual({ done: false, value: 1 });
    await expect(values.next()).rejects.toMatchObject({ code: "OVERFLOW" });
  });

  it("reports back-pressure until its reader has taken a value or left", async () => {
    const { values } = iterator(1);
    expect(values.whenReady()).toBeUndefined();
    values.push(1);
    const room = values.whenReady();
    expect(room).toBeInstanceOf(Promise);
    await values.next();
    await room;
    expect(values.whenReady()).toBeUndefined();
    values.push(2);
    const gone = values.whenReady();
    await values.return();
    await gone;
    expect(values.whenReady()).toBeUndefined();
  });

  it("drops the waiting values when its reader leaves, without delay", async () => {
    const { values, returns } = iterator(2);
    values.push(1);
    expect(await values.return()).toEqual(over);
    expect(await values.next()).toEqual(over);
    await values[Symbol.asyncDispose]();
    expect(returns()).toBe(1);
  });
});
