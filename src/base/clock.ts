/** A pending timer. Disposing it cancels it; disposing it again, or after it fired, does nothing. */
export type Timer = Disposable;

/** Time and timers. Everything that needs them takes a clock as a parameter, so that tests control the time. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls `callback` once, `milliseconds` from now. The timer does not keep the process alive. */
  after(milliseconds: number, callback: () => void): Timer;
  /**
   * Calls `callback` every `milliseconds`, first `milliseconds` from now. The timer does not keep the process alive.
   */
  every(milliseconds: number, callback: () => void): Timer;
  /** Calls `callback` once at the end of this turn of the event loop. */
  defer(callback: () => void): Timer;
}

/** Node's timers hold a signed 32-bit delay: a longer one, Infinity included, fires after one millisecond. */
const longest = 2 ** 31 - 1;

/** The machine's clock and Node's timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, callback) {
    if (milliseconds > longest) return afterLong(milliseconds, callback);
    const timer = setTimeout(callback, milliseconds);
    timer.unref();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
  every(milliseconds, callback) {
    const timer = setInterval(callback, Math.min(milliseconds, longest));
    timer.unref();
    return { [Symbol.dispose]: () => clearInterval(timer) };
  },
  defer(callback) {
    const immediate = setImmediate(callback);
    return { [Symbol.dispose]: () => clearImmediate(immediate) };
  },
};

function afterLong(milliseconds: number, callback: () => void): Timer {
  let timer = systemClock.after(longest, () => {
    timer = systemClock.after(milliseconds - longest, callback);
  });
  return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
}
