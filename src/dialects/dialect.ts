import type { CloseCode } from "../base/close-code.ts";
import type { ClientMessage, Envelope, ServerMessage } from "./message.ts";

/**
 * A wire protocol: a pure codec between text and messages, without state and without a socket. It never changes bytes
 * that it has returned. `dialectContract` of `fanfare/testing` tests these guarantees.
 */
export interface Dialect {
  /** The WebSocket subprotocol, as it stands in `Sec-WebSocket-Protocol`. */
  readonly name: string;
  /** True: messages may come in binary frames, too, in UTF-8. Default false: a binary frame closes with 4400. */
  readonly binary?: boolean;
  readonly rules: DialectRules;
  /**
   * Decodes one message. Never throws: text outside the protocol gives an `invalid` message, whose reason has at most
   * 123 bytes of UTF-8 and no control characters. No object of a message has a key `__proto__`.
   */
  decode(text: string): ClientMessage;
  /** Encodes a message as zero or more messages on the wire; empty where the dialect has no such message. */
  encode(message: ServerMessage): readonly Uint8Array[];
  /**
   * The bytes that turn a result, which is JSON without line breaks, into a message. Computed once per operation, so
   * that a delivery needs no encoding per member.
   */
  envelope(operationId: string): Envelope;
}

/** How a session behaves where protocols differ. */
export interface DialectRules {
  /** A subscribe before the acknowledgement: `close` closes with 4401; `wait` starts it after the acknowledgement. */
  readonly early: "close" | "wait";
  /**
   * A subscribe whose id is in use: `close` closes with 4409; `replace` ends the old operation and starts the new one;
   * `succeed` ends the old operation only when the new one is subscribed, and gives its `state` to the new one.
   */
  readonly duplicate: "close" | "replace" | "succeed";
  /** An `invalid` message: `close` closes with 4400; `answer` sends the dialect's `invalid` message. */
  readonly invalid: "close" | "answer";
  /** The close code and reason when `onConnect` refuses. */
  readonly refused: CloseCode;
  /** False: the protocol cannot end an operation after one result, so queries and mutations are refused. */
  readonly singleResults: boolean;
  /** True: a client's `complete` is answered with `complete`. */
  readonly echoesComplete: boolean;
  /** True: a `started` message is sent when a subscription is live, before its first result. */
  readonly tellsLive: boolean;
  /** True: a connection serves one operation, and closes with 1000 when its last message has been written. */
  readonly endsWithOperation: boolean;
}
