import type { GraphQLFormattedError } from "graphql";
import type { OperationRequest } from "../dialects/message.ts";
import type { Peer } from "./peer.ts";

/** A result as it is sent to clients: errors are formatted and masked. */
export interface FormattedResult {
  readonly errors?: readonly GraphQLFormattedError[];
  readonly data?: unknown;
  readonly extensions?: unknown;
}

/** What an operation is. A command is a subscription with a single result, which changes something. */
export type OperationKind = "query" | "mutation" | "subscription" | "command";

/** A result as JSON. */
export interface EncodedResult {
  readonly text: string;
  /** `executed`: it has data. `refused`: it has errors of the request only. `malformed`: the request has no document. */
  readonly outcome: "executed" | "refused" | "malformed";
}

/** A request after the hook of operations, which may have refused or changed it. */
export interface BegunRequest {
  /** Undefined if it was refused, or if its document has a syntax error or not this operation; `run` has the errors. */
  readonly kind: OperationKind | undefined;
  /** Executes it, with a context of its own. */
  run(): Promise<EncodedResult>;
}

/**
 * The engine, for a transport that answers single HTTP requests without a session. Its checks, cache and hooks are
 * those of every other operation.
 */
export interface RequestEngine {
  /** The largest request body, in bytes. */
  readonly maxBodyBytes: number;
  /**
   * Resolves when a body of so many bytes may be parsed: one after the other and small ones first, so that large ones do
   * not hold others up. False if the requests of all clients take too much memory.
   */
  whenTimeToRead(bytes: number): Promise<boolean>;
  /**
   * Resolves when a request may be read and executed, so that large ones neither fill the memory nor hold others up.
   * Undefined if the requests of all clients take too much memory. The result has to be disposed after the answer.
   *
   * @param bytes of the text that it was parsed from, when its time to be read had come.
   */
  admit(request: OperationRequest, bytes: number): Promise<Disposable | undefined>;
  /** The kind of a request's operation; undefined if its document has a syntax error or not this operation. */
  kindOf(request: OperationRequest): OperationKind | undefined;
  /** Asks the hook of operations, which may refuse the request or change it. */
  begin(peer: Peer, request: OperationRequest): Promise<BegunRequest>;
}
