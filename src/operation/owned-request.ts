import { isPlainObject } from "../base/plain-object.ts";
import type { OperationRequest } from "../dialects/message.ts";

/**
 * A copy of an application's request. Operations share what is made of it, so later changes by the application must not
 * reach them.
 */
export function ownedRequest(request: OperationRequest): OperationRequest {
  const { query, operationName, variables, extensions } = request;
  return {
    query,
    operationName,
    variables: variables && copiedRecord(variables, new Map()),
    extensions: extensions && copiedRecord(extensions, new Map()),
  };
}

/**
 * A deep copy of plain objects and arrays. Other values, such as dates and instances of classes, are taken as they are.
 *
 * @param known the copies of parts that were copied already: it ends cycles.
 */
function copiedRecord(
  record: Readonly<Record<string, unknown>>,
  known: Map<object, object>,
): Readonly<Record<string, unknown>> {
  const copy: Record<string, unknown> = Object.create(Object.getPrototypeOf(record));
  known.set(record, copy);
  for (const [name, part] of Object.entries(record)) {
    // Prototype pollution: assignment to `__proto__` would set the prototype instead of a property.
    const value = copied(part, known);
    Object.defineProperty(copy, name, { value, enumerable: true, writable: true, configurable: true });
  }
  return copy;
}

function copied(value: unknown, known: Map<object, object>): unknown {
  if (typeof value !== "object" || value === null) return value;
  const copy = known.get(value);
  if (copy) return copy;
  if (!Array.isArray(value)) return isPlainObject(value) ? copiedRecord(value, known) : value;
  const list: unknown[] = [];
  known.set(value, list);
  for (const element of value) list.push(copied(element, known));
  return list;
}
