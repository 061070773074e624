import { systemClock } from "../base/clock.ts";

/** Resolves when `condition` holds; rejects if it does not within `patience` milliseconds. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  patience: number,
): Promise<void> {
  const end = systemClock.now() + patience;
  while (!(await condition())) {
    if (systemClock.now() > end) throw new Error(`Waited ${patience} ms in vain for ${what}`);
    await pause(2);
  }
}

/** Settles as `promise`; rejects if that has not settled within `patience` milliseconds. */
export async function within<Value>(promise: PromiseLike<Value>, what: string, patience: number): Promise<Value> {
  let settled = false;
  const watched = Promise.resolve(promise).finally(() => {
    settled = true;
  });
  await Promise.race([watched, until(() => settled, what, patience)]);
  return watched;
}

/** Waits for real time between two checks of a real server, which a fake clock cannot control. */
export function pause(milliseconds: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  systemClock.after(milliseconds, resolve);
  return promise;
}
