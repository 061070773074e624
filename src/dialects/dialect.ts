import type { CloseCode } from "../base/close-code.ts";
import type { ClientMessage, Envelope, ServerMessage } from "./message.ts";

/**
 * A wire protocol: text to messages and back. Pure; it keeps no state and knows no socket. The bytes that it gives stay as
 * they are. `dialectContract` of `fanfare/testing` proves what is said here.
 */
export interface Dialect {
  /** The WebSocket subprotocol, as it stands in `Sec-WebSocket-Protocol`. */
  readonly name: string;
  readonly rules: DialectRules;
  /**
   * Never throws: what cannot be understood is an `invalid` message, whose reason has at most 123 bytes and no control
   * characters. No object of a message has a key `__proto__`.
   */
  decode(text: string): ClientMessage;
  /** What is sent for a message, each entry a message of its own; nothing where the dialect has no such message. */
  encode(message: ServerMessage): readonly Uint8Array[];
  /**
   * What makes a message of a result, as JSON without line breaks. Made once per operation, so that a result costs no
   * encoding for each member.
   */
  envelope(operationId: string): Envelope;
}

/** What a session does where protocols differ. */
export interface DialectRules {
  /** A subscribe before the acknowledgement closes with 4401, or waits for the acknowledgement. */
  readonly early: "close" | "wait";
  /**
   * An id that is in use: `close` closes with 4409; `replace` ends the old operation and starts the new one; `succeed`
   * does so only when the new one has been subscribed, and hands the old one's state on to it.
   */
  readonly duplicate: "close" | "replace" | "succeed";
  /** What cannot be understood closes with 4400, or is answered. */
  readonly invalid: "close" | "answer";
  /** The close when `onConnect` refuses. */
  readonly refused: CloseCode;
  /** False: there is no way to end an operation after one result, so queries and mutations are refused. */
  readonly singleResults: boolean;
  /** True: a client that stops an operation is told that it has ended. */
  readonly echoesComplete: boolean;
  /** True: a client is told when its subscription is live, and gets nothing of it before. */
  readonly tellsLive: boolean;
  /** True: a connection is for one operation, and is closed with 1000 when that has ended and all of it was written. */
  readonly endsWithOperation: boolean;
}
