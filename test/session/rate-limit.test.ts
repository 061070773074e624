import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RateLimit } from "../../src/session/rate-limit.ts";

/** One client of a limit. */
class Talker {
  readonly #limit: RateLimit;
  #until = 0;

  constructor(limit: RateLimit) {
    this.#limit = limit;
  }

  mayTalk(now: number): boolean {
    const next = this.#limit.take(this.#until, now);
    this.#until = next ?? this.#until;
    return next !== undefined;
  }

  /** How many messages in a row it may send. */
  burst(now: number): number {
    let count = 0;
    while (count < 10_000 && this.mayTalk(now)) count += 1;
    return count;
  }
}

describe("A rate limit", () => {
  it("lets a burst through, and then what its rate earns", () => {
    const talker = new Talker(new RateLimit(50, 300));
    expect(talker.burst(1_000_000)).toBe(300);
    expect(talker.mayTalk(1_000_019)).toBe(false);
    expect(talker.mayTalk(1_000_020)).toBe(true);
    expect(talker.mayTalk(1_000_020)).toBe(false);
  });

  it("earns no more than the burst by silence", () => {
    const talker = new Talker(new RateLimit(50, 300));
    talker.burst(0);
    expect(talker.burst(1_000_000_000)).toBe(300);
  });

  it("does not punish for what it refused", () => {
    const talker = new Talker(new RateLimit(1, 1));
    expect(talker.mayTalk(0)).toBe(true);
    for (let now = 0; now < 1_000; now += 10) expect(talker.mayTalk(now)).toBe(false);
    expect(talker.mayTalk(1_000)).toBe(true);
  });

  it("keeps its clients apart", () => {
    const limit = new RateLimit(1, 5);
    expect(new Talker(limit).burst(0)).toBe(5);
    expect(new Talker(limit).burst(0)).toBe(5);
  });

  it.each([
    { perSecond: Infinity, burst: 1 },
    { perSecond: 1, burst: Infinity },
    { perSecond: Infinity, burst: Infinity },
  ])("never refuses with $perSecond per second and a burst of $burst", ({ perSecond, burst }) => {
    expect(new Talker(new RateLimit(perSecond, burst)).burst(0)).toBe(10_000);
  });

  it("is a bucket that holds the burst and fills with the rate, whenever messages come", () => {
    const rates = fc.record({ perSecond: fc.integer({ min: 1, max: 1_000 }), burst: fc.integer({ min: 1, max: 20 }) });
    const pauses = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 400 })), { maxLength: 100 });
    fc.assert(
      fc.property(rates, pauses, ({ perSecond, burst }, waits) => {
        const talker = new Talker(new RateLimit(perSecond, burst));
        // In thousandths of a message, so that sums of whole numbers stay exact.
        let [now, tokens] = [1_700_000_000_000, burst * 1_000];
        for (const wait of waits) {
          now += wait;
          tokens = Math.min(burst * 1_000, tokens + wait * perSecond);
          const allowed = talker.mayTalk(now);
          // Only what a clock of today rounds off, 0.002 ms at most, may make a message come early.
          const isEarly = tokens < 1_000;
          const mayComeEarly = isEarly && tokens >= 1_000 - 0.002 * perSecond;
          expect([now, allowed]).toEqual([now, mayComeEarly ? allowed : !isEarly]);
          if (allowed) tokens -= 1_000;
        }
      }),
      { numRuns: 5_000, examples: [[{ perSecond: 999, burst: 1 }, [0, 1]]] },
    );
  });
});
