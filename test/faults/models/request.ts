import { getOperationAST, getVariableValues, parse, validate, type GraphQLSchema } from "graphql";
import type { Request } from "./dialect-model.ts";
import { isObjectOrAbsent, type JsonObject } from "./json-object.ts";

/** What a client asks for, or undefined if it is not worded as PROTOCOL 3.1 says. */
export function readRequest({ query, operationName, variables, extensions }: JsonObject): Request | undefined {
  // A document may be missing where `extensions` may name it.
  if (query == null ? extensions == null : typeof query !== "string") return undefined;
  if (operationName != null && typeof operationName !== "string") return undefined;
  if (!isObjectOrAbsent(variables) || !isObjectOrAbsent(extensions)) return undefined;
  return { query: typeof query === "string" ? query : "", operationName: operationName ?? undefined, variables };
}

/** What comes of a request, by GraphQL alone: limits of documents are not known here. */
export function outcomeOf(
  schema: GraphQLSchema,
  { query, operationName, variables }: Request,
): "error" | "result" | "events" {
  try {
    const document = parse(query);
    const operation = getOperationAST(document, operationName === "" ? undefined : operationName);
    if (!operation || validate(schema, document).length > 0) return "error";
    const values = getVariableValues(schema, operation.variableDefinitions ?? [], variables ?? {});
    if (values.errors) return "error";
    return operation.operation === "subscription" ? "events" : "result";
  } catch {
    return "error";
  }
}
