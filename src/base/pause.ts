import type { Clock, Timer } from "./clock.ts";

/** Resolves after `milliseconds`, or as soon as `signal` aborts. */
export function pause(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  return woken((wake) => clock.after(milliseconds, wake), signal);
}

/**
 * Resolves in the next turn of the event loop, or as soon as `signal` aborts. A loop that awaits only settled promises
 * stays in the queue of microtasks, and sockets and timers starve.
 */
export function nextTurn(clock: Clock, signal: AbortSignal): Promise<void> {
  return woken((wake) => clock.defer(wake), signal);
}

async function woken(set: (wake: () => void) => Timer, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const wake = (): void => resolve();
  const timer = set(wake);
  signal.addEventListener("abort", wake, { once: true });
  await promise;
  timer[Symbol.dispose]();
  signal.removeEventListener("abort", wake);
}

/** The first and the longest pause between two attempts, in milliseconds. */
const shortest = 100;
const longest = 5000;

/** Exponential back-off between attempts: 100 ms at first, doubled after each attempt, 5 s at most. No jitter. */
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

  /** An attempt succeeded: the next pause is the shortest again. */
  reset(): void {
    this.#delay = shortest;
  }

  /** The failure cannot go away soon: the next pause is the longest. */
  slow(): void {
    this.#delay = longest;
  }
}

/** The value of `promise`, or undefined if `signal` aborts first, since a query to a hanging database never settles. */
export async function beforeAbort<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value | undefined> {
  if (signal.aborted) return undefined;
  const { promise: aborted, resolve } = Promise.withResolvers<undefined>();
  const abort = (): void => resolve(undefined);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
