import type { MaybePromise } from "../declare/declaration.ts";
import type { OperationHandle } from "../declare/operation-handle.ts";

/**
 * A context with `operation` in it, as {@link OperationContext} promises. The application's own object is not changed,
 * since it may serve several operations: a plain object is copied, an instance of a class becomes the prototype.
 */
export function withOperation(context: unknown, operation: OperationHandle): object {
  if (typeof context !== "object" || context === null) return { operation };
  const prototype: unknown = Object.getPrototypeOf(context);
  if (prototype === Object.prototype || prototype === null) return { operation, ...context };
  return "operation" in context
    ? context
    : Object.create(context, { operation: { value: operation, enumerable: true } });
}

/** Adds `operation` to what a `context` option gave. */
export function contextWith(given: MaybePromise<unknown>, operation: OperationHandle): MaybePromise<object> {
  return given instanceof Promise
    ? given.then((context) => withOperation(context, operation))
    : withOperation(given, operation);
}
