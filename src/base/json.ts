import { someContainer } from "./json-containers.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** A parsed object, or what is wrong with the text, worded for a close reason. */
export type ParsedObject = { readonly object: JsonObject } | { readonly problem: string };

/** Whether `value` is an object, neither null nor an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Null counts as absent: clients send both. */
export function isOptionalObject(value: unknown): value is JsonObject | null | undefined {
  return value == null || isObject(value);
}

/** Null counts as absent: clients send both. */
export function isOptionalString(value: unknown): value is string | null | undefined {
  return value == null || typeof value === "string";
}

/**
 * Parses text that must be one JSON object. Never throws. A key `__proto__` at any depth is refused, against prototype
 * pollution: code that copies such an object property by property sets the copy's prototype.
 */
export function parseObject(text: string): ParsedObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: "Not valid JSON" };
  }
  if (!isObject(value)) return { problem: "Not a JSON object" };
  if (hasPrototypeKey(text, value)) return { problem: 'The key "__proto__" is not allowed' };
  return { object: value };
}

/** The text is searched first, so that only objects whose text could contain the key, plain or escaped, are walked. */
function hasPrototypeKey(text: string, root: object): boolean {
  if (!text.includes("__proto__") && !text.includes("\\u")) return false;
  return someContainer(root, (container) => Object.hasOwn(container, "__proto__"));
}
