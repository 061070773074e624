import type { Clock, Timer } from "./clock.ts";

/**
 * Cooperative scheduling: cuts work that clients can make large into time slices, one per turn of the event loop, so
 * that sockets and timers are served in between. A turn exceeds its slice by one piece of work at most.
 */
export class Scheduler implements Disposable {
  readonly #clock: Clock;
  readonly #slice: number;
  /** The time at which this turn's work began; undefined before that. */
  #began: number | undefined;
  /** Called at the end of a turn in which work was done. */
  #turn: Timer | undefined;
  readonly #waiting = new Set<() => void>();
  #disposed = false;

  /** @param slice milliseconds of work per turn. */
  constructor(clock: Clock, slice: number) {
    this.#clock = clock;
    this.#slice = slice;
  }

  /** Whether this turn has time for one more piece of work. The clock is read each time: pieces may be slow. */
  get hasTime(): boolean {
    const now = this.#clock.now();
    this.#began ??= now;
    this.#turn ??= this.#clock.defer(() => this.#next());
    return now - this.#began < this.#slice;
  }

  /**
   * Undefined if a piece of work may be done now; otherwise resolves in a later turn, in the order of the calls, when it
   * may be done. After disposal nothing waits.
   */
  whenTime(): Promise<void> | undefined {
    if (this.#disposed || (this.#waiting.size === 0 && this.hasTime)) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    return promise;
  }

  /** Begins a new slice. To be called where a turn has just begun. */
  renew(): void {
    this.#began = undefined;
  }

  /** Lets all go on that wait. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#turn?.[Symbol.dispose]();
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  #next(): void {
    this.#turn = undefined;
    this.#began = undefined;
    if (this.#waiting.size > 0) void this.#serve();
  }

  /** Lets those go on that wait, one after the other, until the slice is used up; at least one in each turn. */
  async #serve(): Promise<void> {
    let mayGoOn = this.hasTime;
    for (const resolve of this.#waiting) {
      if (!mayGoOn) return;
      resolve();
      // The work that was waiting is done in the microtasks that come first now.
      await Promise.resolve();
      this.#waiting.delete(resolve);
      mayGoOn = this.hasTime;
    }
  }
}
