import { GraphQLError } from "graphql";

/** The `extensions.code` of an error about a document or its variables; most are those of Apollo Server. */
export type DocumentErrorCode =
  | "GRAPHQL_PARSE_FAILED"
  | "GRAPHQL_VALIDATION_FAILED"
  | "OPERATION_RESOLUTION_FAILURE"
  | "BAD_USER_INPUT"
  | "DOCUMENT_TOO_LARGE"
  | "LIMIT_EXCEEDED";

// graphql-js appends its suggestion to a message. GraphQL names hold no question mark, so only the suggestion matches.
const suggestion = / Did you mean [^?]+\?$/;

/** A copy of an error with a code, unless it has one already, and without "Did you mean" if `hideSuggestions`. */
export function withCode(error: GraphQLError, code: DocumentErrorCode, hideSuggestions: boolean = false): GraphQLError {
  return new GraphQLError(hideSuggestions ? error.message.replace(suggestion, "") : error.message, {
    nodes: error.nodes,
    source: error.source,
    positions: error.positions,
    path: error.path,
    originalError: error.originalError,
    extensions: { code, ...error.extensions },
  });
}
