/**
 * A deeply frozen copy of coerced arguments, for many calls of a resolver: graphql-js makes fresh arguments per call,
 * so a resolver that changes them would affect later calls. Values that are not plain data are neither copied nor
 * frozen.
 */
export function frozenArguments(args: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return frozenRecord(args);
}

function frozen(value: unknown): unknown {
  if (Array.isArray(value)) return Object.freeze(value.map(frozen));
  return isPlainRecord(value) ? frozenRecord(value) : value;
}

function frozenRecord(record: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const copy: Record<string, unknown> = Object.create(Object.getPrototypeOf(record));
  for (const [name, value] of Object.entries(record)) {
    // Prototype pollution: assignment to `__proto__` would set the prototype instead of a property.
    Object.defineProperty(copy, name, { value: frozen(value), enumerable: true });
  }
  return Object.freeze(copy);
}

function isPlainRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
