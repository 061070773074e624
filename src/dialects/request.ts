import { isOptionalObject, isOptionalString, type JsonObject } from "../base/json.ts";
import type { OperationRequest } from "./message.ts";

/** Reads a GraphQL request from a message's payload; gives the request, or what is wrong with it. */
export function decodeRequest({
  query,
  operationName,
  variables,
  extensions,
}: JsonObject): OperationRequest | { readonly problem: string } {
  // A parsed document (an AST object) would bypass the limits of the parser.
  if (typeof query !== "string") return { problem: '"query" must be a string' };
  if (!isOptionalString(operationName)) return { problem: '"operationName" must be a string' };
  if (!isOptionalObject(variables)) return { problem: '"variables" must be an object' };
  if (!isOptionalObject(extensions)) return { problem: '"extensions" must be an object' };
  return {
    query,
    operationName: operationName ?? undefined,
    variables: variables ?? undefined,
    extensions: extensions ?? undefined,
  };
}
