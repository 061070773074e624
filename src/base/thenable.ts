/** Whether graphql-js would await `value`: it has a method `then`. */
export function isThenable(value: { readonly then?: unknown }): value is PromiseLike<unknown> {
  return typeof value.then === "function";
}

/**
 * Handles the rejection of an abandoned promise: an unhandled rejection would end the process. Another thenable is left
 * alone, since its `then` may start something, such as the query of a database.
 */
export function silence(value: unknown): void {
  if (value instanceof Promise && value.then === Promise.prototype.then) value.catch(() => undefined);
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
