import type { Clock } from "../../src/base/clock.ts";
import { fakeClock } from "../../src/testing/fake-clock.ts";

/** An event loop whose time passes only by work. */
export class WorkingLoop {
  readonly clock: Clock;
  readonly #turns = fakeClock();
  #now = 0;

  constructor() {
    this.clock = {
      now: () => this.#now,
      after: (milliseconds, callback) => this.#turns.after(milliseconds, callback),
      every: (milliseconds, callback) => this.#turns.every(milliseconds, callback),
      defer: (callback) => this.#turns.defer(callback),
    };
  }

  /** Does a piece of work that takes so many milliseconds. */
  work(milliseconds: number): void {
    this.#now += milliseconds;
  }

  /** Ends a turn. */
  turn(): void {
    this.#turns.turn();
  }
}
