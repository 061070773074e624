import { GraphQLError, type GraphQLSchema, type OperationDefinitionNode } from "graphql";
import type { OperationRequest } from "../../dialects/message.ts";
import { Document, type DocumentCache } from "./document.ts";
import { coerceVariables, type Variables } from "./variables.ts";

/** An operation that is known to be valid, with its variables coerced. */
export interface Prepared {
  readonly document: Document;
  readonly operation: OperationDefinitionNode;
  readonly request: OperationRequest;
  readonly variables: Variables;
}

/** From a client's request to a valid operation, or to what is wrong with it. */
export function prepare(
  schema: GraphQLSchema,
  documents: DocumentCache,
  request: OperationRequest,
  hideSuggestions: boolean,
): Prepared | { readonly errors: readonly GraphQLError[] } {
  const document = documents.get(request.query);
  if (!(document instanceof Document)) return document;
  const operation = document.operation(request.operationName);
  if (operation instanceof GraphQLError) return { errors: [operation] };
  const variables = coerceVariables(schema, operation, request.variables ?? {}, hideSuggestions);
  return "errors" in variables ? variables : { document, operation, request, variables };
}
