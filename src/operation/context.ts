import type { MaybePromise } from "../declare/declaration.ts";
import type { OperationHandle } from "../declare/operation-handle.ts";

/**
 * A context with `operation` in it, as {@link OperationContext} promises. The application's own object is not changed,
 * since it may serve several operations: a plain object is copied, an instance of a class gets a proxy in front of it.
 */
export function withOperation(context: unknown, operation: OperationHandle): object {
  if (typeof context !== "object" || context === null) return { operation };
  const prototype: unknown = Object.getPrototypeOf(context);
  if (prototype === Object.prototype || prototype === null) return { operation, ...context };
  return "operation" in context ? context : inFrontOf(context, operation);
}

function inFrontOf(context: object, operation: OperationHandle): object {
  return new Proxy(context, {
    get(target, key) {
      if (key === "operation") return operation;
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== "function" || Object.hasOwn(target, key) || key === "constructor") return value;
      // A method may use private members, which only the instance itself has.
      const method: unknown = value.bind(target);
      return method;
    },
    has: (target, key) => key === "operation" || Reflect.has(target, key),
  });
}

/** Adds `operation` to what a `context` option gave. */
export function contextWith(given: MaybePromise<unknown>, operation: OperationHandle): MaybePromise<object> {
  return given instanceof Promise
    ? given.then((context) => withOperation(context, operation))
    : withOperation(given, operation);
}
