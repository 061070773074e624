import type { JsonObject } from "../../base/json.ts";
import { actionWords, type StreamAction } from "./stream-action.ts";

export type StreamOperation = keyof typeof operationWords;

const operationWords = { SUBSCRIBE: "subscribe", UNSUBSCRIBE: "unsubscribe" } as const;

/** What a channel is told when something was done for it. */
export function echoOf(stream: string, operation: StreamOperation, action: StreamAction): JsonObject {
  return { action: actionWords[action], operation: operationWords[operation], ok: true, stream, error: null };
}
