/** UTF-16 code units of a text that a message quotes. */
const longest = 60;

/** Properties of an object that a message names. */
const named = 5;

/**
 * Says in a few words what a value is, for messages of errors: `"any"`, `an instance of Pool`, `a list of 2`. The
 * credentials of a URL are left out. Never throws, also for an object whose properties do.
 */
export function quoted(value: unknown): string {
  switch (typeof value) {
    case "string":
      return textOf(value);
    case "bigint":
      return `${value}n`;
    case "function":
      return functionOf(value);
    case "object":
      return value === null ? "null" : objectOf(value);
    default:
      return String(value);
  }
}

function textOf(text: string): string {
  const open = text.replace(/:\/\/[^@/]*@/, "://…@");
  return JSON.stringify(open.length > longest ? `${open.slice(0, longest)}…` : open);
}

function functionOf(value: { readonly name?: unknown }): string {
  const name = typeof value.name === "string" && value.name !== "" ? ` ${value.name}` : "";
  return `${isClass(value) ? "the class" : "a function"}${name}`;
}

function isClass(value: object): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value));
}

function objectOf(value: object): string {
  try {
    if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
    if (value instanceof Promise) return "a promise";
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return keysOf(Object.keys(value));
    return `an instance of ${value.constructor.name}`;
  } catch {
    return "an object";
  }
}

function keysOf(keys: readonly string[]): string {
  if (keys.length === 0) return "an empty object";
  return `an object with ${keys.slice(0, named).join(", ")}${keys.length > named ? " …" : ""}`;
}
