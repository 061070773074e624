import type { Dialect } from "../../dialects/dialect.ts";
import type { ClientMessage } from "../../dialects/message.ts";
import type { Excuse } from "../contract-suite.ts";

/** A dialect that has to keep the contract, and how its clients write and read. */
export interface DialectContractOptions {
  /** Shown with the cases. */
  readonly name: string;
  /** Makes the dialect. Two that were made alike must be alike. */
  create(): Dialect;
  /**
   * What a client writes to start an operation under an id of its own; the operation's id is what the dialect makes of it.
   * Left out where no text of a client starts one: then operations have ids as they are.
   */
  subscribe?(id: string, query: string): string;
  /**
   * Reads one whole message as a client does, and throws if it is none. By default messages are JSON objects, with the
   * operation's `id` and the result as `payload`.
   */
  read?(message: string): ReadMessage;
  /** Texts that clients write, and what each says. They also are what broken texts are made of. None by default. */
  readonly transcript?: readonly (readonly [text: string, says: ClientMessage])[];
  /** Cases that this dialect cannot pass, each with the reason in words. It must really fail them. */
  readonly excuses?: readonly Excuse[];
}

/** What a client reads in a message. */
export interface ReadMessage {
  /** The id that the client gave the operation which the message is about. */
  readonly id?: unknown;
  /** The operation's result, parsed. */
  readonly result?: unknown;
}
