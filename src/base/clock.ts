/** A timer that was set; disposing it more than once, or after it fired, does nothing. */
export type Timer = Disposable;

/** Time and scheduling, handed in so that tests decide what time it is. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls `callback` once, `milliseconds` from now. The timer does not keep the process alive. */
  after(milliseconds: number, callback: () => void): Timer;
  /** Calls `callback` again and again, the first time `milliseconds` from now. Does not keep the process alive. */
  every(milliseconds: number, callback: () => void): Timer;
  /** Calls `callback` once at the end of this turn of the event loop. */
  defer(callback: () => void): Timer;
}

/** Node takes a longer time than this, Infinity included, for one millisecond. */
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
