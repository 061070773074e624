import { GraphQLError } from "graphql";

/** The `extensions.code` of an error about a document or its variables, known to the common clients and servers. */
export type DocumentErrorCode =
  | "GRAPHQL_PARSE_FAILED"
  | "GRAPHQL_VALIDATION_FAILED"
  | "OPERATION_RESOLUTION_FAILURE"
  | "BAD_USER_INPUT"
  | "DOCUMENT_TOO_LARGE"
  | "LIMIT_EXCEEDED";

// graphql-js ends a message with its suggestion. Names hold no question mark, so this cannot eat a client's own text.
const suggestion = / Did you mean [^?]+\?$/;

/** The same error with a code, unless it already has one, and without "Did you mean" where the schema is a secret. */
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
