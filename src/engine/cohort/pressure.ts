import type { Clock, Timer } from "../../base/clock.ts";

/** Below this, whoever can wait goes on: what waits is executed in one turn or two. */
const lowWater = 1_024;
/** Milliseconds in which something has to be taken; a resolver that hangs must not stop who waits for all. */
const patience = 1_000;

/**
 * How many events wait for their execution in this process, in all cohorts. Sources that can be paused, such as the relay
 * and readers of history, wait until few do (back-pressure).
 */
export class Pressure implements Disposable {
  readonly #clock: Clock;
  readonly #limit: number;
  #waiting = 0;
  #taken = 0;
  #low: PromiseWithResolvers<void> | undefined;
  #timer: Timer | undefined;

  /** @param limit events that may wait in all; Infinity: no bound. */
  constructor(clock: Clock, limit: number) {
    this.#clock = clock;
    this.#limit = limit;
  }

  get waiting(): number {
    return this.#waiting;
  }

  get isFull(): boolean {
    return this.#waiting >= this.#limit;
  }

  add(count: number): void {
    this.#waiting += count;
  }

  take(count: number): void {
    this.#waiting -= count;
    this.#taken += count;
    if (this.#low && this.#waiting < lowWater) this.#release();
  }

  /** Undefined while few events wait. Otherwise resolves when few do, or when none was taken for a second. */
  whenLow(): Promise<void> | undefined {
    if (this.#waiting < lowWater) return undefined;
    if (!this.#low) {
      this.#low = Promise.withResolvers();
      this.#watch();
    }
    return this.#low.promise;
  }

  [Symbol.dispose](): void {
    this.#release();
  }

  #watch(): void {
    const before = this.#taken;
    this.#timer = this.#clock.after(patience, () => {
      if (this.#taken === before) this.#release();
      else this.#watch();
    });
  }

  #release(): void {
    this.#timer?.[Symbol.dispose]();
    this.#low?.resolve();
    this.#low = undefined;
  }
}
