import type { Clock } from "../base/clock.ts";
import { pause } from "../base/pause.ts";

/** Between two attempts, in milliseconds: at first, and at most. */
const shortest = 100;
const longest = 5000;

/** How long to wait before something is tried again: each time twice as long, up to five seconds. */
export class Backoff {
  readonly #clock: Clock;
  readonly #end: AbortSignal;
  #delay = shortest;

  constructor(clock: Clock, end: AbortSignal) {
    this.#clock = clock;
    this.#end = end;
  }

  async wait(): Promise<void> {
    const delay = this.#delay;
    this.#delay = Math.min(delay * 2, longest);
    await pause(this.#clock, delay, this.#end);
  }

  /** Something went well. */
  reset(): void {
    this.#delay = shortest;
  }

  /** It is no use to try soon. */
  slow(): void {
    this.#delay = longest;
  }
}
