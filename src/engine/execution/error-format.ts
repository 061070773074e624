import { GraphQLError, type GraphQLFormattedError } from "graphql";
import type { Log } from "../../contract/log.ts";

export type FormatError = (error: GraphQLError) => GraphQLFormattedError;

/**
 * The default of the `formatError` option: an error that a resolver threw on purpose (a GraphQLError) keeps its words;
 * any other one could say anything about the inside of the server, so clients get "Internal server error".
 */
export function maskError(error: GraphQLError): GraphQLFormattedError {
  if (isMeant(error)) return error.toJSON();
  const { locations, path } = error.toJSON();
  return {
    message: "Internal server error",
    ...(locations && { locations }),
    ...(path && { path }),
    extensions: { code: "INTERNAL_SERVER_ERROR" },
  };
}

/** Formats with `format`; if that fails, or lets the error through that it should have worded, the error is masked. */
export function errorFormatter(format: FormatError, log: Log): FormatError {
  return (error) => {
    if (!isMeant(error)) log.error("A resolver failed", { error: error.originalError ?? error, path: error.path });
    try {
      return format(error);
    } catch (cause) {
      log.error("formatError failed", { error: cause });
      return maskError(new GraphQLError(error.message, { originalError: new Error(error.message) }));
    }
  };
}

/** Anything that was thrown, as a GraphQLError. */
export function toGraphQLError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error;
  const originalError = error instanceof Error ? error : new Error(textOf(error));
  return new GraphQLError(originalError.message, { originalError });
}

/** Anything can be thrown, also an object that cannot be made a string. */
function textOf(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return "Something without a text was thrown";
  }
}

/** Whether the words are meant for clients: graphql-js wraps what a resolver throws, however deep. */
function isMeant(error: GraphQLError): boolean {
  const original = error.originalError;
  if (original == null) return true;
  return original instanceof GraphQLError && isMeant(original);
}
