import type { Clock } from "../../base/clock.ts";

/** The first wait after something was found, in milliseconds; each further one is twice as long. */
const first = 2;

/** How often an idle reader writes down that there was nothing, in milliseconds. */
const skipEvery = 1000;

/** When to look again: soon after something was found, at the poll's rate when nothing is, at once when woken. */
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

  /** There is something to read: a wait that goes on ends, or the next one does not begin. */
  now(): void {
    this.#woken = true;
    this.#resume?.();
  }

  /** Something was found, and often more follows. */
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
