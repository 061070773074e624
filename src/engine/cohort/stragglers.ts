import type { Clock } from "../../base/clock.ts";
import type { Member } from "./member.ts";

/** Milliseconds in which a client has to take something, to be waited for. */
const patience = 200;
/** Milliseconds that one burst waits in all for those who share it. */
const longest = 2_000;

/**
 * Members whose clients read more slowly than a burst is worked off, and which the burst waits for, so that a client that
 * reads is not ended for the server's haste. One that reads nothing is not waited for, and meets its queue's policy. Events
 * that come one by one never wait here.
 */
export class Stragglers {
  readonly #clock: Clock;
  readonly #proceed: () => void;
  readonly #awaited = new Set<Member>();
  /** Those that were waited for in vain in this burst. */
  readonly #given = new Set<Member>();
  /** Milliseconds for which this burst has waited, and since when it does. */
  #waited = 0;
  #since = 0;

  /** @param proceed called when nobody is waited for any more. */
  constructor(clock: Clock, proceed: () => void) {
    this.#clock = clock;
    this.#proceed = proceed;
  }

  get waits(): boolean {
    return this.#awaited.size > 0;
  }

  /**
   * Waits for a member that has much of its queue in use.
   *
   * @param alone nobody else is kept waiting.
   */
  add(member: Member, alone: boolean): void {
    if (this.#awaited.has(member) || this.#given.has(member)) return;
    if (!alone && this.#waited >= longest) return;
    if (!this.waits) this.#since = this.#clock.now();
    this.#awaited.add(member);
    void this.#await(member, alone ? Infinity : longest - this.#waited);
  }

  delete(member: Member): void {
    this.#given.delete(member);
    this.#leave(member);
  }

  /** The burst is over: whoever was given up is waited for again in the next one. */
  reset(): void {
    this.#given.clear();
    this.#waited = 0;
  }

  async #await(member: Member, milliseconds: number): Promise<void> {
    const until = this.#clock.now() + milliseconds;
    let taken = member.whenTaken();
    while (taken && this.#awaited.has(member)) {
      const inTime = await within(taken, this.#clock, Math.min(patience, until - this.#clock.now()));
      if (!inTime) {
        this.#given.add(member);
        break;
      }
      taken = member.whenTaken();
    }
    this.#leave(member);
  }

  #leave(member: Member): void {
    if (!this.#awaited.delete(member) || this.waits) return;
    this.#waited += this.#clock.now() - this.#since;
    this.#proceed();
  }
}

/** Whether a promise resolves within so many milliseconds. */
async function within(promise: Promise<void>, clock: Clock, milliseconds: number): Promise<boolean> {
  const { promise: inTime, resolve } = Promise.withResolvers<boolean>();
  const timer = clock.after(Math.max(milliseconds, 0), () => resolve(false));
  void promise.then(() => resolve(true));
  const answer = await inTime;
  timer[Symbol.dispose]();
  return answer;
}
