import type { MaybePromise } from "../declare/declaration.ts";
import type { OperationHandle } from "../declare/operation-handle.ts";

/**
 * A context with the property `operation`, as {@link OperationContext} promises. The application's object is not
 * changed, since operations may share it: a plain object is copied, and an instance of a class is wrapped in a proxy.
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
      // Bound to the instance: a method may use private members, which the proxy does not have.
      const method: unknown = value.bind(target);
      return method;
    },
    has: (target, key) => key === "operation" || Reflect.has(target, key),
  });
}

/** Adds `operation` to the result of the `context` option. */
export function contextWith(given: MaybePromise<unknown>, operation: OperationHandle): MaybePromise<object> {
  return given instanceof Promise
    ? given.then((context) => withOperation(context, operation))
    : withOperation(given, operation);
}
