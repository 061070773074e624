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
