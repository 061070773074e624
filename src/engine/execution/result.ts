import { GraphQLError, type ExecutionResult } from "graphql";
import type { Log } from "../../contract/log.ts";
import type { FormattedResult } from "../../contract/request-engine.ts";
import type { OperationRequest } from "../../dialects/message.ts";
import { assertFormatted, maskError, toGraphQLError, type FormatError } from "./error-format.ts";

/** Changes a result before it is encoded: the `formatResponse` option. */
export type FormatResponse = (result: FormattedResult, request: OperationRequest) => FormattedResult;

/** The options that decide how a result is formatted. */
export interface ResultFormat {
  readonly formatError: FormatError;
  readonly formatResponse: FormatResponse | undefined;
  readonly log: Log;
}

const encoder = new TextEncoder();

/** Encodes a text as UTF-8. */
export function encode(text: string): Uint8Array {
  return encoder.encode(text);
}

/**
 * Formats the errors and applies the `formatResponse` option. Never throws: a failure becomes a result with an error.
 */
export function formatResult(
  result: ExecutionResult,
  request: OperationRequest,
  format: ResultFormat,
): FormattedResult {
  const { errors, ...rest } = result;
  const formatted: FormattedResult = errors ? { errors: errors.map(format.formatError), ...rest } : rest;
  if (!format.formatResponse) return formatted;
  try {
    return assertFormatted(format.formatResponse(formatted, request), "formatResponse");
  } catch (error) {
    format.log.error("formatResponse failed", { error });
    return { errors: [maskError(internal(error))] };
  }
}

/**
 * The JSON of a result. Data without a JSON form, such as a bigint, becomes an error.
 *
 * @param operation the operation's name, for the log.
 */
export function resultText(result: FormattedResult, log: Log, operation?: string): string {
  try {
    return JSON.stringify(result);
  } catch (error) {
    log.error("A result has no JSON", { operation, fields: fieldsWithoutJson(result.data), error });
    return JSON.stringify({ errors: [maskError(internal(error))], data: null });
  }
}

/** The root fields, by response name, whose values have no JSON. */
function fieldsWithoutJson(data: unknown): readonly string[] {
  const fields = typeof data === "object" && data !== null ? Object.entries(data) : [];
  return fields.filter(([, value]) => !hasJson(value)).map(([name]) => name);
}

function hasJson(value: unknown): boolean {
  try {
    JSON.stringify(value);
    return true;
  } catch {
    return false;
  }
}

function internal(error: unknown): GraphQLError {
  const { originalError = new Error("unknown") } = toGraphQLError(error);
  return new GraphQLError("Internal server error", { originalError });
}
