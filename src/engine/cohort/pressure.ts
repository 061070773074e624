import type { Clock, Timer } from "../../base/clock.ts";

/** The low-water mark: below it, paused sources go on. So few events are executed in a turn or two. */
const lowWater = 1_024;
/** Milliseconds without an execution after which paused sources go on: a hanging resolver must not stop them. */
const stallTimeout = 1_000;

/**
 * The number of events that wait for execution in this process, in all cohorts. Sources that can be paused, such as the
 * relay and readers of history, wait until it is low (back-pressure).
 */
export class Pressure implements Disposable {
  readonly #clock: Clock;
  readonly #limit: number;
  #waiting = 0;
  #taken = 0;
  #low: PromiseWithResolvers<void> | undefined;
  #timer: Timer | undefined;
  #turn: Promise<void> | undefined;
  #disposed = false;

  /** @param limit events that may wait in all cohorts together. Infinity: no bound. */
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

  /** Undefined while few events wait. Otherwise resolves when few do, or when none was executed for a second. */
  whenLow(): Promise<void> | undefined {
    if (this.#waiting < lowWater || this.#disposed) return undefined;
    if (!this.#low) {
      this.#low = Promise.withResolvers();
      this.#watch();
    }
    return this.#low.promise;
  }

  /**
   * Undefined while few events wait. Otherwise resolves in the next turn of the event loop, in which some of them are
   * executed. For publishers, which are not held until few wait: an execution may publish, and would wait for itself.
   */
  nextTurn(): Promise<void> | undefined {
    if (this.#waiting < lowWater || this.#disposed) return undefined;
    this.#turn ??= new Promise((resolve) => {
      this.#clock.defer(() => {
        this.#turn = undefined;
        resolve();
      });
    });
    return this.#turn;
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#release();
  }

  #watch(): void {
    const before = this.#taken;
    this.#timer = this.#clock.after(stallTimeout, () => {
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
