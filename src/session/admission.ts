import { isObject } from "../base/json.ts";
import type { MessagePayload } from "../dialects/message.ts";

/** What `onConnect` has decided by its answer. A `problem` is an answer that it must not give. */
export type Admission =
  | { readonly admits: true; readonly connected: object | undefined; readonly payload: MessagePayload | undefined }
  | { readonly admits: false; readonly problem?: string };

/**
 * Reads the answer of `onConnect`. Fails closed: nothing, true and an object admit, and any other value refuses, such as
 * the null of a user who was not found.
 */
export function admissionOf(answer: unknown): Admission {
  if (answer === undefined || answer === true) return { admits: true, connected: undefined, payload: undefined };
  if (answer === false) return { admits: false };
  if (typeof answer !== "object" || answer === null) {
    // Its type alone: the value may be a secret, such as a token.
    const type = answer === null ? "null" : typeof answer;
    return { admits: false, problem: `onConnect must return nothing, a boolean or an object, and returned ${type}` };
  }
  const given: unknown = Object.hasOwn(answer, "acknowledge") ? Reflect.get(answer, "acknowledge") : undefined;
  const payload = given === undefined ? undefined : plainObject(given);
  if (given !== undefined && !payload) {
    return { admits: false, problem: "`acknowledge`, which onConnect returned, must be an object with a JSON form" };
  }
  return { admits: true, connected: answer, payload };
}

/** An object as its JSON says it; undefined if it has none. */
function plainObject(given: unknown): MessagePayload | undefined {
  try {
    const plain: unknown = JSON.parse(JSON.stringify(given));
    return isObject(plain) ? plain : undefined;
  } catch {
    return undefined;
  }
}
