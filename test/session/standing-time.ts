import { systemClock, type Clock, type Timer } from "fanfare/contract";
import { fakeClock } from "fanfare/testing";

/** Time that stands still until it is told to move, while the turns of the event loop are real: a client waits for them. */
export class StandingTime implements Clock {
  readonly #clock = fakeClock();

  /** How many timers are alive. */
  get pending(): number {
    return this.#clock.pending;
  }

  advance(milliseconds: number): void {
    this.#clock.advance(milliseconds);
  }

  now(): number {
    return this.#clock.now();
  }

  after(milliseconds: number, callback: () => void): Timer {
    return this.#clock.after(milliseconds, callback);
  }

  every(milliseconds: number, callback: () => void): Timer {
    return this.#clock.every(milliseconds, callback);
  }

  defer(callback: () => void): Timer {
    return systemClock.defer(callback);
  }
}
