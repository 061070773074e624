import { GraphQLError, type GraphQLFormattedError } from "graphql";
import { takeBlame, type Blame } from "../../base/blame.ts";
import { isPromise, silence } from "../../base/thenable.ts";
import { asError } from "../../base/thrown.ts";
import { valueKind } from "../../base/value-kind.ts";
import type { Log } from "../../contract/log.ts";
import type { Place } from "./place.ts";

/** Formats an error for clients: the `formatError` option. */
export type FormatError = (error: GraphQLError) => GraphQLFormattedError;

/**
 * The default of the `formatError` option. A GraphQLError, which a resolver throws on purpose, keeps its message. Any
 * other error is masked as "Internal server error", since its message may disclose internals of the server.
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

/** UTF-16 code units of an operation's name that are logged. */
const maxName = 100;

/** A {@link FormatError} that never throws and whose results always have a JSON form, with the error's place for the log. */
export type ErrorFormatter = (error: GraphQLError, place?: Place) => GraphQLFormattedError;

/**
 * Wraps `format`: an unexpected error is logged, and an error is masked if `format` throws, answers with a promise or
 * nothing, or if its answer has no JSON form, such as extensions with a bigint or a circular reference.
 */
export function errorFormatter(format: FormatError, log: Log): ErrorFormatter {
  return (error, { operation, ...origin } = {}) => {
    const { path } = error;
    // A client chose the name: before its document was read, it may be of any length.
    const place = { ...origin, operation: operation?.slice(0, maxName) };
    if (!isMeant(error)) tell(error, place, log);
    let formatted: GraphQLFormattedError;
    try {
      formatted = assertFormatted(format(error), "formatError");
    } catch (cause) {
      log.error("formatError failed", { ...place, error: cause, path });
      return masked(error);
    }
    try {
      return plainJson(formatted);
    } catch (cause) {
      log.error("An error for a client has no JSON", { ...place, error, cause, path });
      return masked(error);
    }
  };
}

/** @throws a TypeError for a promise, or for an answer without an object, of an application in plain JavaScript. */
export function assertFormatted<Answer>(answer: Answer, option: string): Answer {
  if (typeof answer === "object" && answer !== null && !isPromise(answer)) return answer;
  silence(answer);
  throw new TypeError(`${option} must answer with an object, not with ${valueKind(answer)}`);
}

/**
 * A formatted error as its JSON says it: plain data, which can be encoded again without calling the application.
 *
 * @throws the errors of `JSON.stringify`, and SyntaxError for a value that it omits, such as undefined.
 */
function plainJson(formatted: GraphQLFormattedError): GraphQLFormattedError {
  const plain: GraphQLFormattedError = JSON.parse(JSON.stringify(formatted));
  return plain;
}

function masked({ message, nodes, path, positions, source }: GraphQLError): GraphQLFormattedError {
  return maskError(new GraphQLError(message, { nodes, path, positions, source, originalError: new Error(message) }));
}

/** Logs an error by the name of the function that has thrown it, and with its place. */
function tell(error: GraphQLError, place: Place, log: Log): void {
  const original = error.originalError ?? error;
  const blame = takeBlame(original);
  if (error.path) return log.error("A resolver failed", { ...place, error: original, path: error.path });
  const field = blame?.field ?? place.field;
  const what = blame ? wordsOf(blame) : "An operation";
  log.error(`${what} failed`, { ...place, ...(field !== undefined && { field }), error: original });
}

function wordsOf({ by, field }: Blame): string {
  return field === undefined ? `\`${by}\`` : `\`${by}\` of ${field}`;
}

/** A thrown value as a GraphQLError. */
export function toGraphQLError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error;
  const originalError = asError(error);
  return new GraphQLError(originalError.message, { originalError });
}

/** The beginnings of graphql-js's messages about values of resolvers, in versions 16 and 17. */
const ofOutput =
  /^(?:(?:Int|Float|String|Boolean|ID|Enum "\w+") cannot represent |Expected value of type "|Abstract type "\w+" (?:must|was) resolve|Runtime Object type ")/;

/**
 * Whether an error of graphql-js itself is about the value of a resolver, which it quotes: a whole object where a text
 * is expected. An error about what a client sent has a code.
 */
function isOfOutput({ message, extensions }: GraphQLError): boolean {
  return Object.keys(extensions).length === 0 && ofOutput.test(message);
}

/** Whether the message is meant for clients. An error of an execution has a path, that of a variable has none. */
function isMeant(error: GraphQLError): boolean {
  const thrown = innermost(error);
  return thrown !== undefined && !(error.path && isOfOutput(thrown));
}

/** The error that was thrown: graphql-js wraps errors, possibly several times. Undefined if it is no GraphQLError. */
function innermost(error: GraphQLError): GraphQLError | undefined {
  const original = error.originalError;
  if (original == null) return error;
  return original instanceof GraphQLError ? innermost(original) : undefined;
}
