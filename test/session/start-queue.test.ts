import { describe, expect, it } from "vitest";
import { turns } from "fanfare/testing";
import { StartQueue } from "../../src/session/start-queue.ts";

/** Notes what is started, and has each start last until it is let go. */
class Starts {
  readonly queue: StartQueue<string>;
  readonly started: string[] = [];
  idle = 0;
  readonly #gates = new Map<string, PromiseWithResolvers<void>>();

  constructor(limit: number, begun: boolean = true) {
    this.queue = new StartQueue(limit, begun, () => (this.idle += 1));
  }

  add(...names: readonly string[]): void {
    for (const name of names) {
      const gate = Promise.withResolvers<void>();
      this.#gates.set(name, gate);
      this.queue.add(name, () => {
        this.started.push(name);
        return gate.promise;
      });
    }
  }

  async finish(name: string): Promise<void> {
    this.#gates.get(name)?.resolve();
    await turns(1);
  }
}

describe("A start queue", () => {
  it("starts at once while it has a place", () => {
    const starts = new Starts(2);
    starts.add("a", "b", "c");
    expect(starts.started).toEqual(["a", "b"]);
    expect(starts.queue.size).toBe(1);
  });

  it("starts nothing before it begins, and then as many as it may", async () => {
    const starts = new Starts(2, false);
    starts.add("a", "b", "c");
    expect(starts.started).toEqual([]);
    starts.queue.begin();
    expect(starts.started).toEqual(["a", "b"]);
    await starts.finish("a");
    expect(starts.started).toEqual(["a", "b", "c"]);
  });

  it("starts what waits in the order in which it came, whoever finishes first", async () => {
    const starts = new Starts(2);
    starts.add("a", "b", "c", "d");
    await starts.finish("b");
    expect(starts.started).toEqual(["a", "b", "c"]);
    await starts.finish("a");
    expect(starts.started).toEqual(["a", "b", "c", "d"]);
  });

  it("tells when everything has been started, and only then", async () => {
    const starts = new Starts(1);
    starts.add("a", "b");
    await starts.finish("a");
    expect(starts.idle).toBe(0);
    await starts.finish("b");
    expect(starts.idle).toBe(1);
  });

  it("does not start what was deleted, and does not keep it either", async () => {
    const starts = new Starts(1);
    starts.add("a", "b", "c");
    starts.queue.delete("b");
    expect(starts.queue.size).toBe(1);
    await starts.finish("a");
    expect(starts.started).toEqual(["a", "c"]);
  });

  it("starts nothing that waited when it was cleared", async () => {
    const starts = new Starts(1);
    starts.add("a", "b");
    starts.queue.clear();
    await starts.finish("a");
    expect(starts.started).toEqual(["a"]);
    expect(starts.idle).toBe(1);
  });

  it("has no limit with Infinity", () => {
    const starts = new Starts(Infinity);
    const names = Array.from({ length: 1_000 }, (_, index) => String(index));
    starts.add(...names);
    expect(starts.started).toEqual(names);
  });
});
