import { isOptionalObject, isOptionalString, type JsonObject } from "../base/json.ts";
import type { OperationRequest } from "./message.ts";

/** What a client asks to run, or what is wrong with it. */
export function decodeRequest({
  query,
  operationName,
  variables,
  extensions,
}: JsonObject): OperationRequest | { readonly problem: string } {
  // A document that was parsed already (an AST object) would pass by the limits of the parser.
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
