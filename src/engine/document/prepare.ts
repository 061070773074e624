import { GraphQLError, type GraphQLSchema, type OperationDefinitionNode } from "graphql";
import type { OperationRequest } from "../../dialects/message.ts";
import { Document, type DocumentCache } from "./document.ts";
import { missingDocument } from "./missing.ts";
import { coerceVariables, type Variables } from "./variables.ts";

/** A valid operation with coerced variables. */
export interface Prepared {
  readonly document: Document;
  readonly operation: OperationDefinitionNode;
  readonly request: OperationRequest;
  readonly variables: Variables;
}

/** Parses and validates a client's request and coerces its variables. Returns the operation or the request's errors. */
export function prepare(
  schema: GraphQLSchema,
  documents: DocumentCache,
  given: OperationRequest,
  hideSuggestions: boolean,
): Prepared | { readonly errors: readonly GraphQLError[] } {
  // Code of this process and hooks may give an empty name as well.
  const request = given.operationName === "" ? { ...given, operationName: undefined } : given;
  if (request.query === "") return { errors: [missingDocument(request)] };
  const document = documents.get(request.query);
  if (!(document instanceof Document)) return document;
  const operation = document.operation(request.operationName);
  if (operation instanceof GraphQLError) return { errors: [operation] };
  const variables = coerceVariables(schema, operation, request.variables ?? {}, hideSuggestions);
  return "errors" in variables ? variables : { document, operation, request, variables };
}
