import { GraphQLError, type ExecutionResult, type GraphQLFormattedError } from "graphql";
import type { Event } from "../../contract/broker.ts";
import type { Log } from "../../contract/log.ts";
import type { FormattedResult } from "../../contract/request-engine.ts";
import type { OperationRequest } from "../../dialects/message.ts";
import { assertFormatted, maskError, toGraphQLError, type ErrorFormatter } from "./error-format.ts";
import { placeOf, type Placed } from "./place.ts";

/** Changes a result before it is encoded: the `formatResponse` option. */
export type FormatResponse = (result: FormattedResult, request: OperationRequest) => FormattedResult;

/** The options that decide how a result is formatted. */
export interface ResultFormat {
  readonly formatError: ErrorFormatter;
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
 *
 * @param placed for the log, as `event`: the event whose result it is; undefined if it is none's.
 */
export function formatResult(
  result: ExecutionResult,
  request: OperationRequest,
  format: ResultFormat,
  placed: Placed,
  event?: Event,
): FormattedResult {
  const { errors, ...rest } = result;
  const formatted: FormattedResult = errors
    ? { errors: formattedErrors(errors, format, placed, event), ...rest }
    : rest;
  if (!format.formatResponse) return formatted;
  try {
    return assertFormatted(format.formatResponse(formatted, request), "formatResponse");
  } catch (error) {
    format.log.error("formatResponse failed", { ...placeOf(placed, event), error });
    return { errors: [maskError(internal(error))] };
  }
}

function formattedErrors(
  errors: readonly GraphQLError[],
  { formatError }: ResultFormat,
  placed: Placed,
  event: Event | undefined,
): readonly GraphQLFormattedError[] {
  const place = placeOf(placed, event);
  return errors.map((error) => formatError(error, place));
}

/**
 * The JSON of a result. Data without a JSON form, such as a bigint, becomes an error.
 *
 * @param placed for the log, as in {@link formatResult}.
 */
export function resultText(result: FormattedResult, log: Log, placed: Placed, event?: Event): string {
  try {
    return JSON.stringify(result);
  } catch (error) {
    const place = placeOf(placed, event);
    const what = place.field === undefined ? "A result" : `A result of ${place.field}`;
    log.error(`${what} has no JSON`, { ...place, fields: fieldsWithoutJson(result.data), error });
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
