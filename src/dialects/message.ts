import type { GraphQLFormattedError } from "graphql";

/** The GraphQL request of an operation. */
export interface OperationRequest {
  /** The document. Empty where the client sent none, such as for a persisted document, which `extensions` may name. */
  readonly query: string;
  readonly operationName?: string | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}

export type MessagePayload = Readonly<Record<string, unknown>>;

/**
 * A message from a client, in any dialect. `invalid` is text outside the dialect; its `id` is that of the operation
 * which it names, if it could be read.
 */
export type ClientMessage =
  | { readonly type: "init"; readonly payload: MessagePayload | undefined }
  | { readonly type: "ping"; readonly payload: MessagePayload | undefined }
  | { readonly type: "pong"; readonly payload: MessagePayload | undefined }
  | { readonly type: "subscribe"; readonly id: string; readonly request: OperationRequest }
  | { readonly type: "complete"; readonly id: string }
  | { readonly type: "terminate" }
  | { readonly type: "invalid"; readonly id?: string; readonly reason: string };

/**
 * A message to a client. Results are not among them: they are shared bytes inside an {@link Envelope}. `keepsAlive`
 * says whether `keepAlive` messages will follow. Default: they will not.
 */
export type ServerMessage =
  | { readonly type: "opened"; readonly keepsAlive?: boolean }
  | { readonly type: "ack"; readonly payload: MessagePayload | undefined; readonly keepsAlive?: boolean }
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

/** The bytes before and after a result's bytes in a message to one operation. */
export interface Envelope {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
}
