const known = new WeakMap<object, string>();
let objects = 0;

/**
 * A digest of a payload: equal for equal JSON values, whatever topic or process they come from. It is memoised by object,
 * since many cohorts ask for it. A value without a JSON form has a digest of its own.
 */
export function payloadDigest(payload: unknown): string {
  if (typeof payload !== "object" || payload === null) return `${typeof payload} ${hash(String(payload))}`;
  const digest = known.get(payload) ?? objectDigest(payload);
  known.set(payload, digest);
  return digest;
}

function objectDigest(payload: object): string {
  try {
    return `object ${hash(JSON.stringify(payload))}`;
  } catch {
    objects += 1;
    return `unknown ${objects}`;
  }
}

/** Two FNV-1a hashes of 32 bits with different seeds, and the length. Not cryptographic: ids are random by default. */
function hash(text: string = ""): string {
  let first = 0x811c9dc5;
  let second = 0x050c5d1f;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    first = Math.imul(first ^ unit, 0x01000193);
    second = Math.imul(second ^ unit, 0x01000197);
  }
  return `${first} ${second} ${text.length}`;
}
