/** Estimated bytes of an object without its properties, of a string without its text, of a property and an element. */
const objectBytes = 56;
const stringBytes = 16;
const propertyBytes = 48;
const elementBytes = 8;

/**
 * Estimates the memory that a parsed JSON value takes, in bytes. The length of its text is no measure: empty objects
 * take twenty times theirs. The estimate is rarely less than V8 takes, and up to four times as much for short strings,
 * of which V8 keeps equal ones once.
 */
export function jsonMemory(root: unknown): number {
  let bytes = 0;
  const open: unknown[] = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === "string") bytes += stringBytes + 2 * value.length;
    else if (Array.isArray(value)) {
      bytes += objectBytes + elementBytes * value.length;
      for (const element of value) if (hasOwnMemory(element)) open.push(element);
    } else if (typeof value === "object" && value !== null) {
      bytes += objectBytes;
      for (const [key, child] of Object.entries(value)) {
        bytes += propertyBytes + 2 * key.length;
        if (hasOwnMemory(child)) open.push(child);
      }
    }
  }
  return bytes;
}

function hasOwnMemory(value: unknown): boolean {
  return typeof value === "string" || (typeof value === "object" && value !== null);
}
