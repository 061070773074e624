import { GraphQLError, type ExecutionResult } from "graphql";
import type { Log } from "../../contract/log.ts";
import type { FormattedResult } from "../../contract/request-engine.ts";
import type { OperationRequest } from "../../dialects/message.ts";
import { maskError, toGraphQLError, type FormatError } from "./error-format.ts";

export type FormatResponse = (result: FormattedResult, request: OperationRequest) => FormattedResult;

export interface ResultFormat {
  readonly formatError: FormatError;
  readonly formatResponse: FormatResponse | undefined;
  readonly log: Log;
}

const encoder = new TextEncoder();

/** JSON to bytes. */
export function encode(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Formats the errors, and lets the `formatResponse` option have its say. Never throws. */
export function formatResult(
  result: ExecutionResult,
  request: OperationRequest,
  format: ResultFormat,
): FormattedResult {
  const { errors, ...rest } = result;
  const formatted: FormattedResult = errors ? { errors: errors.map(format.formatError), ...rest } : rest;
  if (!format.formatResponse) return formatted;
  try {
    const changed = format.formatResponse(formatted, request);
    // Plain JavaScript may forget to return.
    if (typeof changed === "object" && changed !== null) return changed;
    throw new TypeError(`formatResponse must return a result, not ${String(changed)}`);
  } catch (error) {
    format.log.error("formatResponse failed", { error });
    return { errors: [maskError(internal(error))] };
  }
}

/** The JSON of a result. Data that has no JSON, such as a bigint, gives an error instead. */
export function resultText(result: FormattedResult, log: Log): string {
  try {
    return JSON.stringify(result);
  } catch (error) {
    log.error("A result has no JSON", { error });
    return JSON.stringify({ errors: [maskError(internal(error))], data: null });
  }
}

function internal(error: unknown): GraphQLError {
  const { originalError = new Error("unknown") } = toGraphQLError(error);
  return new GraphQLError("Internal server error", { originalError });
}
