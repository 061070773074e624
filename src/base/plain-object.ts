/** Whether a value is an object without a class: made by a literal, or without a prototype. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // `Object.prototype` is the one prototype without a prototype, in each realm: tests run in a realm of their own.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
