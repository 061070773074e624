import { isPromise } from "./thenable.ts";

/** The kind of a value, for messages: without its content, which may be secret. Never throws. */
export function valueKind(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "function") return "a function";
  if (typeof value !== "object") return `a ${typeof value}`;
  try {
    return Array.isArray(value) ? "a list" : describedObject(value);
  } catch {
    // A getter or a trap of a proxy threw.
    return "an object";
  }
}

function describedObject(value: object): string {
  if (isPromise(value)) return "a promise";
  const { name } = value.constructor ?? Object;
  return name === "Object" || name === "" ? "an object" : `an instance of ${name}`;
}
