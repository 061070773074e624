import { operationNameOf } from "../base/operation-name.ts";
import { isOptionalObject, isOptionalString, type JsonObject } from "../base/json.ts";
import type { OperationRequest } from "./message.ts";

/**
 * Reads a GraphQL request from a message's payload; gives the request, or what is wrong with it. The
 * document may be missing where `extensions` may name one: `query` is empty then, and a hook may put it in.
 */
export function decodeRequest({
  query,
  operationName,
  variables,
  extensions,
}: JsonObject): OperationRequest | { readonly problem: string } {
  // A parsed document (an AST object) would bypass the limits of the parser.
  if (!isOptionalString(query) || (query == null && extensions == null)) return { problem: '"query" must be a string' };
  if (!isOptionalString(operationName)) return { problem: '"operationName" must be a string' };
  if (!isOptionalObject(variables)) return { problem: '"variables" must be an object' };
  if (!isOptionalObject(extensions)) return { problem: '"extensions" must be an object' };
  return {
    query: query ?? "",
    operationName: operationNameOf(operationName),
    variables: variables ?? undefined,
    extensions: extensions ?? undefined,
  };
}
