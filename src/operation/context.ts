import { blamed } from "../base/blame.ts";
import type { MaybePromise } from "../declare/declaration.ts";
import type { OperationHandle } from "../declare/operation-handle.ts";

/** The operations on whose contexts the property `operation` was defined. */
const owners = new WeakMap<object, OperationHandle>();
/** Contexts that several operations have: none of them owns these. */
const shared = new WeakSet<object>();

/**
 * A context with the property `operation`, as {@link OperationContext} promises. It is the application's object itself, so
 * that its identity, hidden properties and private members are kept, as long as one operation alone has it. Of an object
 * that several operations have, each gets a view. A primitive value stays as it is.
 */
export function withOperation(context: unknown, operation: OperationHandle): unknown {
  if (context === null || context === undefined) return { operation };
  if (typeof context !== "object") return context;
  const owner = owners.get(context);
  if (owner === operation) return context;
  if (owner) disown(context);
  if ("operation" in context) return context;
  return shared.has(context) || !Object.isExtensible(context) ? viewOf(context, operation) : own(context, operation);
}

/** A view of an object that several operations have, with the property `operation`. The object is not changed. */
export function viewOf(context: unknown, operation: OperationHandle): object {
  if (typeof context !== "object" || context === null) return { operation };
  if (!owners.has(context) && "operation" in context) return context;
  return isPlain(context) ? copyOf(context, operation) : inFrontOf(context, operation);
}

/** Adds `operation` to the result of the `context` option. */
export function contextWith(given: MaybePromise<unknown>, operation: OperationHandle): MaybePromise<unknown> {
  return given instanceof Promise
    ? given.then((context) => withOperation(context, operation), failed)
    : withOperation(given, operation);
}

function failed(error: unknown): never {
  throw blamed(error, "context");
}

function own(context: object, operation: OperationHandle): object {
  owners.set(context, operation);
  // Enumerable in a plain object only: an application may spread that.
  const enumerable = isPlain(context);
  return Object.defineProperty(context, "operation", {
    value: operation,
    enumerable,
    configurable: true,
    writable: true,
  });
}

function disown(context: object): void {
  owners.delete(context);
  shared.add(context);
  Reflect.deleteProperty(context, "operation");
}

function isPlain(context: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(context);
  return prototype === Object.prototype || prototype === null;
}

/** A copy with the same property descriptors, so that getters and hidden properties are kept. */
function copyOf(context: object, operation: OperationHandle): object {
  const copy: object = Object.create(Object.getPrototypeOf(context), {
    operation: { value: operation, enumerable: true, configurable: true, writable: true },
  });
  return Object.defineProperties(copy, {
    ...Object.getOwnPropertyDescriptors(context),
    operation: { value: operation },
  });
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
