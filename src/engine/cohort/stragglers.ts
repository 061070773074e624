import type { Clock } from "../../base/clock.ts";
import type { Member } from "./member.ts";

/** Milliseconds within which a slow client has to take its next message, to be waited for. */
const readTimeout = 200;
/** Milliseconds that a shared burst waits for slow clients in all. */
const burstTimeout = 2_000;

/**
 * Back-pressure of slow consumers: members whose clients read more slowly than a burst is executed. The burst waits for
 * them, so that its speed alone does not overflow the queue of a client that reads. A client that reads nothing is
 * given up and meets its queue's overflow policy. Single events never wait.
 */
export class Stragglers {
  readonly #clock: Clock;
  readonly #proceed: () => void;
  readonly #awaited = new Set<Member>();
  /** Members that this burst has given up waiting for. */
  readonly #givenUp = new Set<Member>();
  /** Milliseconds that this burst has waited before the current wait. */
  #waited = 0;
  /** The start of the current wait. */
  #since = 0;

  /** @param proceed called when no member is waited for any more. */
  constructor(clock: Clock, proceed: () => void) {
    this.#clock = clock;
    this.#proceed = proceed;
  }

  get waits(): boolean {
    return this.#awaited.size > 0;
  }

  /**
   * Waits for a member that has half of its queue in use.
   *
   * @param alone whether it is the cohort's only member: then `burstTimeout` does not apply.
   */
  add(member: Member, alone: boolean): void {
    if (this.#awaited.has(member) || this.#givenUp.has(member)) return;
    if (!alone && this.#waited >= burstTimeout) return;
    if (!this.waits) this.#since = this.#clock.now();
    this.#awaited.add(member);
    void this.#await(member, alone ? Infinity : burstTimeout - this.#waited);
  }

  delete(member: Member): void {
    this.#givenUp.delete(member);
    this.#leave(member);
  }

  /** Called at the end of a burst: the next burst waits again for the members that were given up. */
  reset(): void {
    this.#givenUp.clear();
    this.#waited = 0;
  }

  async #await(member: Member, milliseconds: number): Promise<void> {
    const until = this.#clock.now() + milliseconds;
    let taken = member.whenTaken();
    while (taken && this.#awaited.has(member)) {
      const inTime = await within(taken, this.#clock, Math.min(readTimeout, until - this.#clock.now()));
      if (!inTime) {
        this.#givenUp.add(member);
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

/** Whether a promise resolves within a timeout. */
async function within(promise: Promise<void>, clock: Clock, milliseconds: number): Promise<boolean> {
  const { promise: inTime, resolve } = Promise.withResolvers<boolean>();
  const timer = clock.after(Math.max(milliseconds, 0), () => resolve(false));
  void promise.then(() => resolve(true));
  const answer = await inTime;
  timer[Symbol.dispose]();
  return answer;
}
