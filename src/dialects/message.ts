import type { GraphQLFormattedError } from "graphql";

/** What a client asks to run. */
export interface OperationRequest {
  readonly query: string;
  readonly operationName?: string | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}

export type MessagePayload = Readonly<Record<string, unknown>>;

/**
 * A message from a client, whatever it speaks. `invalid` is a message that its dialect does not know; it has the id of
 * the operation it is about, if that could be read.
 */
export type ClientMessage =
  | { readonly type: "init"; readonly payload: MessagePayload | undefined }
  | { readonly type: "ping"; readonly payload: MessagePayload | undefined }
  | { readonly type: "pong"; readonly payload: MessagePayload | undefined }
  | { readonly type: "subscribe"; readonly id: string; readonly request: OperationRequest }
  | { readonly type: "complete"; readonly id: string }
  | { readonly type: "terminate" }
  | { readonly type: "invalid"; readonly id?: string; readonly reason: string };

/** A message to a client, but for results: those are the shared bytes inside an {@link Envelope}. */
export type ServerMessage =
  | { readonly type: "opened" }
  | { readonly type: "ack"; readonly payload: MessagePayload | undefined }
  | { readonly type: "refused"; readonly reason: string }
  | { readonly type: "keepAlive" }
  | { readonly type: "ping"; readonly payload: MessagePayload | undefined }
  | { readonly type: "pong"; readonly payload: MessagePayload | undefined }
  | { readonly type: "started"; readonly id: string }
  | {
      readonly type: "error";
      readonly id: string;
      readonly errors: readonly GraphQLFormattedError[];
    }
  | { readonly type: "complete"; readonly id: string }
  | { readonly type: "invalid"; readonly id: string | undefined; readonly reason: string };

/** What stands before and after the bytes of a result in a message to one operation. */
export interface Envelope {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
}
