/** Estimated bytes of an object without its properties, of a string without its text, of a property and an element. */
const objectBytes = 56;
const stringBytes = 16;
const propertyBytes = 48;
const elementBytes = 8;

/**
 * Estimates the memory that a parsed JSON value takes, in bytes. The length of its text is no measure: empty objects
 * take twenty times theirs. The estimate is rarely less than V8 takes, and up to four times as much for short strings,
 * of which V8 keeps equal ones once.
 *
 * @param copies how often objects and arrays are kept, with the same strings. Default 1.
 */
export function jsonMemory(root: unknown, copies: number = 1): number {
  let texts = 0;
  let containers = 0;
  const open: unknown[] = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === "string") texts += stringBytes + 2 * value.length;
    else if (Array.isArray(value)) {
      containers += objectBytes + elementBytes * value.length;
      for (const element of value) if (hasOwnMemory(element)) open.push(element);
    } else if (typeof value === "object" && value !== null) {
      containers += objectBytes;
      for (const key of Object.keys(value)) {
        const child: unknown = Reflect.get(value, key);
        containers += propertyBytes;
        texts += 2 * key.length;
        if (hasOwnMemory(child)) open.push(child);
      }
    }
  }
  return texts + copies * containers;
}

function hasOwnMemory(value: unknown): boolean {
  return typeof value === "string" || (typeof value === "object" && value !== null);
}
