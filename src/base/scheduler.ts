import type { Clock, Timer } from "./clock.ts";

/**
 * How soon a piece of work should be done: small pieces go before large ones (shortest job first), and large ones that
 * were begun and hold memory before those that would begin. `low` is for what never ends by itself, piece after piece.
 */
export type Priority = "high" | "normal" | "begun" | "large" | "low";

/** Microtasks after which work that was waiting has begun: so many promises may be between a waiter and its work. */
const deepestWork = 16;

/**
 * Cooperative scheduling: cuts work that clients can make large into time slices, one per turn of the event loop, so
 * that sockets and timers are served in between. A turn exceeds its slice by one piece of work of each priority at
 * most, and none starves: each has one piece in each turn. Large pieces that waited are done one per turn.
 */
export class Scheduler implements Disposable {
  readonly #clock: Clock;
  readonly #slice: number;
  /** The time at which this turn's work began; undefined before that. */
  #began: number | undefined;
  /** Whether this turn's slice was found used up, so that the clock need not be read again. */
  #isOver = false;
  /** Called at the end of a turn in which work was done. */
  #turn: Timer | undefined;
  readonly #waiting: Readonly<Record<Priority, Set<() => void>>> = {
    high: new Set(),
    normal: new Set(),
    begun: new Set(),
    large: new Set(),
    low: new Set(),
  };
  /** Called at the end of this turn. */
  #ending: (() => void)[] = [];
  #disposed = false;

  /** @param slice milliseconds of work per turn. */
  constructor(clock: Clock, slice: number) {
    this.#clock = clock;
    this.#slice = slice;
  }

  /** Whether this turn has time for one more piece of work. The clock is read each time: pieces may be slow. */
  get hasTime(): boolean {
    if (this.#isOver) return false;
    const now = this.#clock.now();
    this.#began ??= now;
    this.#arm();
    this.#isOver = now - this.#began >= this.#slice;
    return !this.#isOver;
  }

  /**
   * Undefined if a piece of work may be done now; otherwise resolves in a later turn, when it may be done: in the order
   * of the calls with the same priority. After disposal nothing waits.
   */
  whenTime(priority: Priority): Promise<void> | undefined {
    const waiting = this.#waiting[priority];
    if (this.#disposed || (waiting.size === 0 && this.hasTime)) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.add(resolve);
    return promise;
  }

  /**
   * Calls `callback` once at the end of this turn, with a slice of its own: before the work that was waiting, so that
   * answers do not wait for others' large requests. All share one deferral, since each costs as much as a short message.
   */
  atEnd(callback: () => void): void {
    this.#ending.push(callback);
    this.#arm();
  }

  /** Lets all go on that wait. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#turn?.[Symbol.dispose]();
    for (const waiting of Object.values(this.#waiting)) {
      for (const resolve of waiting) resolve();
      waiting.clear();
    }
  }

  /** The slice is counted from the first piece of work on. */
  #beginSlice(): void {
    this.#began = undefined;
    this.#isOver = false;
  }

  #arm(): void {
    this.#turn ??= this.#clock.defer(this.#next);
  }

  readonly #next = (): void => {
    this.#turn = undefined;
    this.#beginSlice();
    const ending = this.#ending;
    this.#ending = [];
    try {
      for (const callback of ending) callback();
    } finally {
      // Also after an error: whoever waits would never be called, since others queue up behind.
      const { high, normal, begun, large, low } = this.#waiting;
      if (high.size + normal.size + begun.size + large.size + low.size > 0) void this.#serve();
    }
  };

  async #serve(): Promise<void> {
    const { high, normal, begun, large, low } = this.#waiting;
    this.#beginSlice();
    // Also arms the next turn.
    void this.hasTime;
    for (const waiting of [high, normal, begun]) await this.#serveSome(waiting, Infinity);
    // A large piece may take half of the slice, and what comes in meanwhile waits for the end of the turn.
    await this.#serveSome(large, 1);
    await this.#serveSome(low, Infinity);
  }

  /** Lets those go on that wait, one after the other, `most` of them or until the slice is used up; at least one. */
  async #serveSome(waiting: Set<() => void>, most: number): Promise<void> {
    let left = most;
    for (const resolve of waiting) {
      resolve();
      // The work that was waiting is done in the microtasks that come first now, some `await` deep.
      for (let tick = 0; tick < deepestWork; tick += 1) await Promise.resolve();
      waiting.delete(resolve);
      left -= 1;
      if (left === 0 || !this.hasTime) return;
    }
  }
}
