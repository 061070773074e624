import type { ClientMessage, Envelope, ServerMessage } from "./message.ts";

/** A wire protocol: text to messages and back. Pure; it keeps no state and knows no socket. */
export interface Dialect {
  /** The WebSocket subprotocol, as it stands in `Sec-WebSocket-Protocol`. */
  readonly name: string;
  /** Never throws: what cannot be understood is an `invalid` message. */
  decode(text: string): ClientMessage;
  /** Undefined where the dialect has no such message. */
  encode(message: ServerMessage): Uint8Array | undefined;
  /** Made once per operation, so that a result costs no encoding for each member. */
  envelope(operationId: string): Envelope;
}
