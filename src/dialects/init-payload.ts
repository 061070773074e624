import { isObject } from "../base/json.ts";
import type { MessagePayload } from "./message.ts";

/**
 * The payload of an init message that may be any JSON, as older servers had it. Null and the empty text, which clients
 * send for none, count as absent; any other value that is no object becomes the property `payload` of one.
 */
export function initPayload(given: unknown): MessagePayload | undefined {
  if (given == null || given === "") return undefined;
  return isObject(given) ? given : { payload: given };
}
