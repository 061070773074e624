/** What graphql-js would wait for. */
export function isThenable(value: { readonly then?: unknown }): value is PromiseLike<unknown> {
  return typeof value.then === "function";
}

/** Hears a promise that nobody will await, so that its rejection does not end the process. */
export function silence(promise: PromiseLike<unknown>): void {
  promise.then(undefined, () => undefined);
}

/** The same for every promise in an array or object that is given up. */
export function silenceAll(container: object): void {
  for (const key of Object.keys(container)) {
    try {
      const value: unknown = Reflect.get(container, key);
      if (typeof value === "object" && value !== null && isThenable(value)) silence(value);
    } catch {
      // A property that throws holds no promise.
    }
  }
}

/** Calls `compute` and goes on with what it gave, at once unless that is a promise; `fail` takes all it throws. */
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
