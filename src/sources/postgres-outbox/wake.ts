import type { Clock } from "../../base/clock.ts";

/** The first pause after rows were found, in milliseconds; each further pause is twice as long. */
const first = 2;

/** The interval at which an idle reader stores its snapshot, in milliseconds. */
const skipEvery = 1000;

/** When to poll again: soon after rows were found, then with exponential back-off up to `poll`, at once on NOTIFY. */
export class Wake {
  readonly #clock: Clock;
  readonly #poll: number;
  readonly #end: AbortSignal;
  #wait: number;
  #skipped: number;
  #woken = false;
  #resume: (() => void) | undefined;

  constructor(clock: Clock, poll: number, end: AbortSignal) {
    this.#clock = clock;
    this.#poll = poll;
    this.#end = end;
    this.#wait = poll;
    this.#skipped = clock.now();
    end.addEventListener("abort", () => this.now(), { once: true });
  }

  /** Ends the present wait, or lets the next one end at once. */
  now(): void {
    this.#woken = true;
    this.#resume?.();
  }

  /** Resets the pauses, since more rows often follow those that were found. */
  soon(): void {
    this.#wait = Math.min(first, this.#poll);
  }

  async wait(): Promise<void> {
    if (!this.#woken && !this.#end.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#resume = resolve;
      const timer = this.#clock.after(this.#wait, resolve);
      await promise;
      timer[Symbol.dispose]();
      this.#resume = undefined;
    }
    this.#woken = false;
    this.#wait = Math.min(this.#wait * 2, this.#poll);
  }

  isTimeToSkip(): boolean {
    const now = this.#clock.now();
    if (now - this.#skipped < skipEvery) return false;
    this.#skipped = now;
    return true;
  }
}
