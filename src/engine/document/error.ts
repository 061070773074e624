import { GraphQLError } from "graphql";

/** The `extensions.code` of an error about a document or its variables; most are those of Apollo Server. */
export type DocumentErrorCode =
  | "GRAPHQL_PARSE_FAILED"
  | "GRAPHQL_VALIDATION_FAILED"
  | "OPERATION_RESOLUTION_FAILURE"
  | "BAD_USER_INPUT"
  | "DOCUMENT_TOO_LARGE"
  | "LIMIT_EXCEEDED";

/** Characters of an error's message: it quotes what the client sent, and must not be as long as that. */
const maxMessage = 1_000;

/** A copy of an error with a code, unless it has one already, and without "Did you mean" if `hideSuggestions`. */
export function withCode(error: GraphQLError, code: DocumentErrorCode, hideSuggestions: boolean = false): GraphQLError {
  return new GraphQLError(cutMessage(hideSuggestions ? withoutSuggestion(error.message) : error.message), {
    nodes: error.nodes,
    source: error.source,
    positions: error.positions,
    path: error.path,
    originalError: error.originalError,
    extensions: { code, ...error.extensions },
  });
}

/** A message of at most 1,000 characters (PROTOCOL 6.7). */
export function cutMessage(message: string): string {
  return message.length > maxMessage ? `${message.slice(0, maxMessage - 1)}…` : message;
}

const suggestion = " Did you mean ";

/**
 * A message without the suggestion that graphql-js 16 appends. GraphQL names hold no question mark, so the suggestion
 * has none but its last character. The search is linear: a message may quote a client's value of any length.
 */
function withoutSuggestion(message: string): string {
  const start = message.lastIndexOf(suggestion);
  return start >= 0 && message.indexOf("?", start) === message.length - 1 ? message.slice(0, start) : message;
}
