import { isProxy } from "node:util/types";
import { isPlainObject } from "../../base/plain-object.ts";

const known = new WeakMap<object, string>();
let objects = 0;

/**
 * A digest of a payload: equal for equal data, whatever topic or process they come from. It is memoised by object, since
 * many cohorts ask for it. What runs code when it is read, such as a getter, a proxy or a class's `toJSON`, is not read:
 * only an application of this process can have published it, to several topics at once, so the object itself is compared.
 */
export function payloadDigest(payload: unknown): string {
  if (typeof payload !== "object" || payload === null) return `${typeof payload} ${hash(String(payload))}`;
  const digest = known.get(payload) ?? objectDigest(payload);
  known.set(payload, digest);
  return digest;
}

function objectDigest(payload: object): string {
  if (isData(payload)) return `object ${hash(JSON.stringify(payload))}`;
  objects += 1;
  return `unknown ${objects}`;
}

/** Whether a value has a JSON form that is made without running code. One with a cycle has none. */
function isData(root: object): boolean {
  const seen = new Set<object>();
  const open: unknown[] = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === "function" || typeof value === "bigint") return false;
    if (typeof value !== "object" || value === null) continue;
    if (seen.has(value) || isProxy(value)) return false;
    seen.add(value);
    if (value instanceof Date && Object.getPrototypeOf(value) === Date.prototype) continue;
    if (!Array.isArray(value) && !isPlainObject(value)) return false;
    for (const property of Object.values(Object.getOwnPropertyDescriptors(value))) {
      if (!("value" in property)) return false;
      open.push(property.value);
    }
  }
  return true;
}

/** Two FNV-1a hashes of 32 bits with different seeds, and the length. Not cryptographic: ids are random by default. */
function hash(text: string): string {
  let first = 0x811c9dc5;
  let second = 0x050c5d1f;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    first = Math.imul(first ^ unit, 0x01000193);
    second = Math.imul(second ^ unit, 0x01000197);
  }
  return `${first} ${second} ${text.length}`;
}
