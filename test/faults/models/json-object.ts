export type JsonObject = Readonly<Record<string, unknown>>;

const maxDepth = 64;

/** What PROTOCOL 2.1 takes for a message, but for its type. */
export function readObject(text: string): JsonObject | undefined {
  if (isDeep(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && !hasPrototypeKey(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Null counts as absent. */
export function isObjectOrAbsent(value: unknown): value is JsonObject | null | undefined {
  return value === undefined || value === null || isObject(value);
}

/** Whether brackets outside of strings nest too deep. Of text that is no JSON it does not matter what is said. */
function isDeep(text: string): boolean {
  const brackets = text.replaceAll(/"(?:[^"\\]|\\.)*"/gs, "").replaceAll(/[^[\]{}]/g, "");
  let depth = 0;
  for (const bracket of brackets) {
    depth += bracket === "[" || bracket === "{" ? 1 : -1;
    if (depth > maxDepth) return true;
  }
  return false;
}

function hasPrototypeKey(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.hasOwn(value, "__proto__") || Object.values(value).some(hasPrototypeKey);
}
