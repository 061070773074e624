/** Whether graphql-js would await `value`: it has a method `then`. */
export function isThenable(value: { readonly then?: unknown }): value is PromiseLike<unknown> {
  return typeof value.then === "function";
}

/** Handles the rejection of an abandoned promise: an unhandled rejection would end the process. */
export function silence(promise: PromiseLike<unknown>): void {
  promise.then(undefined, () => undefined);
}

/** Handles the rejection of every promise in an abandoned array or object. */
export function silenceAll(container: object): void {
  for (const key of Object.keys(container)) {
    try {
      const value: unknown = Reflect.get(container, key);
      if (typeof value === "object" && value !== null && isThenable(value)) silence(value);
    } catch {
      // A getter that throws holds no promise.
    }
  }
}

/**
 * Calls `compute`, then `next` with its value: in the same turn unless the value is a promise. `fail` gets the error of
 * a throw in either, or of a rejection.
 */
export function settle<Value, Result>(
  compute: () => Value | PromiseLike<Value>,
  next: (value: Value) => Result | Promise<Result>,
  fail: (error: unknown) => Result | Promise<Result>,
): Result | Promise<Result> {
  try {
    const value = compute();
    return isPromise(value) ? Promise.resolve(value).then(next).catch(fail) : next(value);
  } catch (error) {
    return fail(error);
  }
}

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && isThenable(value);
}
