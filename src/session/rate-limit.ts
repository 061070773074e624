// Tolerance for the rounding of floating-point sums and of a coarse clock.
const roundingMilliseconds = 0.001;

/**
 * A rate limit by the generic cell rate algorithm (GCRA, a leaky bucket): `burst` messages at once, and `perSecond` in
 * the long run. It is stateless: the caller keeps one number per client.
 */
export class RateLimit {
  readonly #interval: number;
  readonly #tolerance: number;

  /** Infinity for `perSecond` or `burst`: no limit. */
  constructor(perSecond: number, burst: number) {
    this.#interval = 1_000 / perSecond;
    this.#tolerance = burst * this.#interval + roundingMilliseconds;
  }

  /**
   * Counts a message. Returns the client's new number, or undefined if the message exceeds the limit.
   *
   * @param until the client's number: the time, in milliseconds, until which its rate is used up. Initially 0.
   * @param now the time in milliseconds.
   * @param amount what the message counts: 1, or its bytes where these are limited. Default 1.
   */
  take(until: number, now: number, amount: number = 1): number | undefined {
    const next = Math.max(until, now) + amount * this.#interval;
    return next - now > this.#tolerance ? undefined : next;
  }
}
