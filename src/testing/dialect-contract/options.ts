import type { Dialect } from "../../dialects/dialect.ts";
import type { ClientMessage } from "../../dialects/message.ts";
import type { Excuse } from "../contract-suite.ts";

/** A dialect under test, and how its clients write and read. */
export interface DialectContractOptions {
  /** The dialect's name in the titles of the cases. */
  readonly name: string;
  /** Creates the dialect. Dialects of several calls must behave alike. */
  create(): Dialect;
  /**
   * Gives the text by which a client starts an operation with an id; the dialect decodes that id. Leave it out if no
   * text of a client starts an operation; operations then have the ids unchanged.
   */
  subscribe?(id: string, query: string): string;
  /**
   * Reads one whole message as a client does, and throws for anything else. Default: messages are JSON objects with the
   * operation's `id`, and with the result as `payload`.
   */
  read?(message: string): ReadMessage;
  /** Texts of clients and their messages. Malformed texts are made of them as well. Default: none. */
  readonly transcript?: readonly (readonly [text: string, says: ClientMessage])[];
  /** Cases that this dialect cannot pass, each with the reason. It must really fail them. */
  readonly excuses?: readonly Excuse[];
}

/** A message, as a client reads it. */
export interface ReadMessage {
  /** The client's id of the operation that the message is about. */
  readonly id?: unknown;
  /** The operation's result, parsed. */
  readonly result?: unknown;
}
