// What a caller's clock and our sums may round off.
const roundingMilliseconds = 0.001;

/**
 * Lets `burst` messages through at once, and `perSecond` in the long run. One limit serves any number of clients: it
 * keeps nothing of them, and each needs one number (the generic cell rate algorithm).
 */
export class RateLimit {
  readonly #interval: number;
  readonly #tolerance: number;

  /** Infinity for `perSecond` or `burst` never refuses. */
  constructor(perSecond: number, burst: number) {
    this.#interval = 1_000 / perSecond;
    this.#tolerance = burst * this.#interval + roundingMilliseconds;
  }

  /**
   * Takes one message. Answers the client's new number, or undefined if it is one too many.
   *
   * @param until the client's number, which is the time until which it has used its rate up; 0 at first.
   * @param now milliseconds.
   */
  take(until: number, now: number): number | undefined {
    const next = Math.max(until, now) + this.#interval;
    return next - now > this.#tolerance ? undefined : next;
  }
}
