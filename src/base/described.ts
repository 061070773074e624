/** UTF-16 code units of a text that a message quotes. */
const quoted = 60;

/** Properties of an object that a message names. */
const named = 5;

/**
 * Says in a few words what a value is, for messages of errors: `"any"`, `an instance of Pool`, `a list of 2`. The
 * credentials of a URL are left out. Never throws, also for an object whose properties do.
 */
export function described(value: unknown): string {
  switch (typeof value) {
    case "string":
      return describedText(value);
    case "bigint":
      return `${value}n`;
    case "function":
      return describedFunction(value);
    case "object":
      return value === null ? "null" : describedObject(value);
    default:
      return String(value);
  }
}

function describedText(text: string): string {
  const open = text.replace(/:\/\/[^@/]*@/, "://…@");
  return JSON.stringify(open.length > quoted ? `${open.slice(0, quoted)}…` : open);
}

function describedFunction(value: { readonly name?: unknown }): string {
  const name = typeof value.name === "string" && value.name !== "" ? ` ${value.name}` : "";
  return `${isClass(value) ? "the class" : "a function"}${name}`;
}

function isClass(value: object): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value));
}

function describedObject(value: object): string {
  try {
    if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
    if (value instanceof Promise) return "a promise";
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return describedKeys(Object.keys(value));
    return `an instance of ${value.constructor.name}`;
  } catch {
    return "an object";
  }
}

function describedKeys(keys: readonly string[]): string {
  if (keys.length === 0) return "an empty object";
  return `an object with ${keys.slice(0, named).join(", ")}${keys.length > named ? " …" : ""}`;
}
