import type { DocumentNode, GraphQLError, GraphQLFormattedError, GraphQLSchema } from "graphql";
import type { OperationRequest } from "../dialects/message.ts";
import type { Peer } from "./peer.ts";

/** A result as clients get it. */
export interface FormattedResult {
  readonly errors?: readonly GraphQLFormattedError[];
  readonly data?: unknown;
  readonly extensions?: unknown;
}

/** What a transport that speaks plain HTTP needs of the engine: the same checks, cache and hooks as everywhere else. */
export interface RequestEngine {
  readonly schema: GraphQLSchema;
  /** The largest request body, in bytes. */
  readonly maxBodyBytes: number;
  /** Cached. Throws a GraphQLError for a syntax error and for a document over a limit of size. */
  parse(source: string): DocumentNode;
  /** Cached. Includes the limits of depth, aliases, directives and cost. */
  validate(document: DocumentNode): readonly GraphQLError[];
  /** Words an error of parsing or validation for clients. */
  formatError(error: GraphQLError): GraphQLFormattedError;
  /** Whether an operation is a subscription that is answered at once, with one result. */
  isCommand(document: DocumentNode, operationName: string | undefined): boolean;
  /** Runs one query, mutation or command with its hooks and a fresh context. Errors are formatted and masked already. */
  execute(peer: Peer, document: DocumentNode, request: OperationRequest): Promise<FormattedResult>;
}
