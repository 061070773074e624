import type { DocumentNode, GraphQLError, GraphQLFormattedError, GraphQLSchema } from "graphql";
import type { OperationRequest } from "../dialects/message.ts";
import type { Peer } from "./peer.ts";

/** A result as it is sent to clients: errors are formatted and masked. */
export interface FormattedResult {
  readonly errors?: readonly GraphQLFormattedError[];
  readonly data?: unknown;
  readonly extensions?: unknown;
}

/**
 * The engine, for a transport that answers single HTTP requests without a session. Its checks, cache and hooks are
 * those of every other operation.
 */
export interface RequestEngine {
  readonly schema: GraphQLSchema;
  /** The largest request body, in bytes. */
  readonly maxBodyBytes: number;
  /** Parses a document; cached. Throws a GraphQLError for a syntax error and for a document over the limits of size. */
  parse(source: string): DocumentNode;
  /** Validates a document, including the limits of depth, aliases, directives and cost; cached. */
  validate(document: DocumentNode): readonly GraphQLError[];
  /** Formats an error of parsing or validation for clients. */
  formatError(error: GraphQLError): GraphQLFormattedError;
  /** Whether the operation is a command: a subscription that gives one result and ends. */
  isCommand(document: DocumentNode, operationName: string | undefined): boolean;
  /** Executes one query, mutation or command, with its hooks and a context of its own. */
  execute(peer: Peer, document: DocumentNode, request: OperationRequest): Promise<FormattedResult>;
}
