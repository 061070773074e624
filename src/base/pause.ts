import type { Clock, Timer } from "./clock.ts";

/** Resolves after so many milliseconds, or as soon as `signal` aborts. */
export function pause(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  return woken((wake) => clock.after(milliseconds, wake), signal);
}

/**
 * Resolves in the next turn of the event loop, or as soon as `signal` aborts. Work that only ever awaits what is in memory
 * already would go on for ever in this one, while sockets and timers wait.
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

/** What comes of `promise`, or undefined when `signal` aborts first: a query to a database that hangs has no end. */
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
