/**
 * A copy of coerced arguments that can be handed to every call of a resolver: graphql-js makes fresh ones each time, so
 * a resolver that changes them must not be heard by the next. Values that are not plain data stay what they are.
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
    // Not by assignment, to which a property called `__proto__` would mean the prototype.
    Object.defineProperty(copy, name, { value: frozen(value), enumerable: true });
  }
  return Object.freeze(copy);
}

function isPlainRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
