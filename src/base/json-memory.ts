import { someContainer } from "./json-containers.ts";

/** Estimated bytes of an object without its properties, of a string without its text, of a property and an element. */
export const objectBytes = 56;
export const stringBytes = 16;
export const propertyBytes = 48;
export const elementBytes = 8;

/**
 * Estimates the memory that a parsed JSON value takes, in bytes. The length of its text is no measure: empty objects
 * take twenty times theirs. The estimate is rarely less than V8 takes, and up to four times as much for short strings,
 * of which V8 keeps equal ones once.
 *
 * @param copies how often objects and arrays are kept, with the same strings. Default 1.
 */
export function jsonMemory(root: unknown, copies: number = 1): number {
  let texts = stringMemory(root);
  let containers = 0;
  someContainer(root, (container) => {
    containers += objectBytes;
    if (Array.isArray(container)) {
      containers += elementBytes * container.length;
      for (const element of container) texts += stringMemory(element);
      return false;
    }
    for (const key in container) {
      if (!Object.hasOwn(container, key)) continue;
      containers += propertyBytes;
      texts += 2 * key.length + stringMemory(Reflect.get(container, key));
    }
    return false;
  });
  return texts + copies * containers;
}

function stringMemory(value: unknown): number {
  return typeof value === "string" ? stringBytes + 2 * value.length : 0;
}
