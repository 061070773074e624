import type { Clock, Timer } from "../base/clock.ts";
import { checkArgument } from "../base/option-check.ts";
import { aNumber } from "../base/rule.ts";

/** A clock for tests, whose time moves only by {@link advance}. */
export interface FakeClock extends Clock {
  /**
   * Moves the time forward by `milliseconds`. Due timers fire in the order of their times, each at its own time,
   * including timers that are set meanwhile. Before the first and after each timer, deferred callbacks run until none
   * is left.
   *
   * @throws RangeError after a million steps, which indicate an endless loop.
   */
  advance(milliseconds: number): void;
  /**
   * Ends this turn of the event loop: runs the deferred callbacks. Callbacks that these defer wait for the next turn.
   */
  turn(): void;
  /** The number of pending timers and deferred callbacks. */
  readonly pending: number;
}

interface Alarm {
  readonly at: number;
  readonly order: number;
  /** Milliseconds between two calls; 0 for a single call. */
  readonly interval: number;
  readonly callback: () => void;
}

/** The number of steps in one `advance` that counts as an endless loop. */
const tooMany = 1_000_000;

/**
 * Creates a clock that a test moves by hand.
 *
 * @param start the initial time, in milliseconds since 1970. Default 0.
 * @throws FanfareError BAD_OPTION for a time that is no number.
 */
export function fakeClock(start: number = 0): FakeClock {
  checkArgument("fakeClock", "start", start, aNumber(-Infinity));
  return new StandingClock(start);
}

class StandingClock implements FakeClock {
  #now: number;
  #order = 0;
  readonly #alarms = new Map<object, Alarm>();
  readonly #deferred = new Map<object, () => void>();

  constructor(start: number) {
    this.#now = start;
  }

  get pending(): number {
    return this.#alarms.size + this.#deferred.size;
  }

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, callback: () => void): Timer {
    return this.#set(Math.max(0, milliseconds), 0, callback);
  }

  /** An interval is at least 1 ms, as with Node's timers. */
  every(milliseconds: number, callback: () => void): Timer {
    const interval = Math.max(1, milliseconds);
    return this.#set(interval, interval, callback);
  }

  defer(callback: () => void): Timer {
    const key = {};
    this.#deferred.set(key, callback);
    return { [Symbol.dispose]: () => void this.#deferred.delete(key) };
  }

  turn(): void {
    const deferred = [...this.#deferred];
    for (const [key, callback] of deferred) {
      if (this.#deferred.delete(key)) callback();
    }
  }

  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (let step = 0; step < tooMany; step += 1) {
      if (this.#deferred.size > 0) {
        this.turn();
        continue;
      }
      const next = this.#next(end);
      if (!next) {
        this.#now = Math.max(this.#now, end);
        return;
      }
      this.#ring(...next);
    }
    throw new RangeError(`Timers or deferred callbacks go on for ever at ${this.#now} ms`);
  }

  #set(delay: number, interval: number, callback: () => void): Timer {
    const key = {};
    this.#alarms.set(key, { at: this.#now + delay, order: this.#nextOrder(), interval, callback });
    return { [Symbol.dispose]: () => void this.#alarms.delete(key) };
  }

  #nextOrder(): number {
    this.#order += 1;
    return this.#order;
  }

  /** The next alarm that is due by `end`; undefined if there is none. */
  #next(end: number): [object, Alarm] | undefined {
    let first: [object, Alarm] | undefined;
    for (const entry of this.#alarms) {
      const [, alarm] = entry;
      if (alarm.at > end) continue;
      if (!first || alarm.at < first[1].at || (alarm.at === first[1].at && alarm.order < first[1].order)) {
        first = entry;
      }
    }
    return first;
  }

  #ring(key: object, { at, interval, callback }: Alarm): void {
    this.#now = Math.max(this.#now, at);
    if (interval === 0) this.#alarms.delete(key);
    else this.#alarms.set(key, { at: at + interval, order: this.#nextOrder(), interval, callback });
    callback();
  }
}
