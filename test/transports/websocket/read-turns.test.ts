import { describe, expect, it } from "vitest";
import { ReadTurns, type Reader } from "../../../src/transports/websocket/read-turns.ts";

const much = 65_536;

/** A socket that always has more to read, and reads once in each turn in which it may. */
class Sender implements Reader {
  reads = 0;
  held = false;

  hold(): void {
    this.held = true;
  }

  release(): void {
    this.held = false;
  }
}

/** An event loop: in each turn, every socket that may reads so many bytes. */
class Loop {
  readonly turns: ReadTurns = new ReadTurns((callback) => this.#deferred.push(callback));
  readonly #deferred: (() => void)[] = [];

  /** Returns the number of sockets that were read. */
  turn(senders: readonly Sender[], bytes: number = much): number {
    let read = 0;
    for (const sender of senders) {
      if (sender.held) continue;
      read += 1;
      sender.reads += 1;
      this.turns.read(sender, bytes);
    }
    for (const callback of this.#deferred.splice(0)) callback();
    return read;
  }

  get pending(): number {
    return this.#deferred.length;
  }
}

function crowd(count: number): readonly Sender[] {
  return Array.from({ length: count }, () => new Sender());
}

describe("What all connections read in one turn", () => {
  it("is 2 MiB, after which each that sends much reads once, and waits", () => {
    const loop = new Loop();
    const senders = crowd(200);
    expect(loop.turn(senders)).toBe(200);
    // 31 were under the bound; of the others 32 went on.
    expect(loop.turn(senders)).toBe(63);
  });

  it("goes round: nobody is passed by twice", () => {
    const loop = new Loop();
    const senders = crowd(200);
    for (let turn = 0; turn < 100; turn += 1) loop.turn(senders);
    const reads = senders.map((sender) => sender.reads);
    expect(Math.min(...reads)).toBeGreaterThan(10);
  });

  it("has no bound for those that send little", () => {
    const loop = new Loop();
    const [small, large] = [crowd(1_000), crowd(200)];
    loop.turn(large);
    for (let turn = 0; turn < 3; turn += 1) expect(loop.turn(small, 16_383)).toBe(1_000);
  });

  it("is counted anew in each turn", () => {
    const loop = new Loop();
    const senders = crowd(31);
    for (let turn = 0; turn < 10; turn += 1) expect(loop.turn(senders)).toBe(31);
  });

  it("leaves nobody waiting when nothing more comes, and defers nothing then", () => {
    const loop = new Loop();
    const senders = crowd(200);
    loop.turn(senders);
    for (let turn = 0; turn < 6; turn += 1) loop.turn([]);
    expect(senders.filter(({ held }) => held)).toEqual([]);
    expect(loop.pending).toBe(0);
  });

  it("does not release a connection that is gone", () => {
    const loop = new Loop();
    const senders = crowd(40);
    for (const sender of senders) loop.turns.read(sender, much);
    const gone = senders.at(-1);
    if (gone) loop.turns.leave(gone);
    for (let turn = 0; turn < 3; turn += 1) loop.turn([]);
    expect(senders.filter(({ held }) => held)).toEqual([gone]);
  });
});
