import { describe, expect, it } from "vitest";
import type { Event } from "../../../src/contract/broker.ts";
import { queueBound } from "../../../src/declare/queue.ts";
import { Backlog, type Pending } from "../../../src/engine/cohort/backlog.ts";

const latest = queueBound({ messages: 2, overflow: "latest", key: String });

function pending(order: number, payload: unknown, more: Partial<Event> = {}): Pending {
  const event = { topic: "a", id: String(order), time: 0, position: "", payload, ...more };
  return { order, event, gap: undefined, replaced: 0 };
}

function rest(backlog: Backlog): readonly (readonly [number, number])[] {
  return backlog.all().map(({ order, replaced }) => [order, replaced]);
}

describe("A backlog", () => {
  it("gives what waits in its order, however much was taken already", () => {
    const backlog = new Backlog(queueBound());
    const taken: (number | undefined)[] = [];
    for (let order = 1; order <= 100; order += 1) {
      backlog.add(pending(order, "x"));
      if (order % 2 === 0) taken.push(backlog.take()?.order);
    }
    while (backlog.size > 0) taken.push(backlog.take()?.order);
    expect(taken).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    expect(backlog.take()).toBeUndefined();
  });

  it("of `latest` conflates by key what is more than the queue's messages, and counts what it has replaced", () => {
    const backlog = new Backlog(latest);
    const added = ["x", "y", "z", "x", "x", "y"].map((key, index) => backlog.add(pending(index + 1, key)));
    expect(added).toEqual([false, false, false, true, true, true]);
    expect(rest(backlog)).toEqual([
      [3, 0],
      [5, 2],
      [6, 1],
    ]);
  });

  it("never conflates an end or a gap, nor across them what has another key", () => {
    const backlog = new Backlog(latest);
    backlog.add(pending(1, "x"));
    backlog.add({ order: 2, event: undefined, gap: "fork", replaced: 0 });
    backlog.add(pending(3, "y"));
    backlog.add(pending(4, "x", { end: true }));
    expect(backlog.all().map(({ order }) => order)).toEqual([1, 2, 3, 4]);
  });

  it("keeps every event whose key cannot be found", () => {
    const failing = queueBound({
      messages: 1,
      overflow: "latest",
      key: () => {
        throw new Error("no key");
      },
    });
    const backlog = new Backlog(failing);
    for (const order of [1, 2, 3]) backlog.add(pending(order, "x"));
    expect(backlog.size).toBe(3);
  });

  it("is empty when it was cleared, and gives what was in it", () => {
    const backlog = new Backlog(queueBound());
    for (const order of [1, 2, 3]) backlog.add(pending(order, "x"));
    backlog.take();
    expect(backlog.clear().map(({ order }) => order)).toEqual([2, 3]);
    expect(backlog.size).toBe(0);
  });
});
