import { GraphQLError } from "graphql";
import type { OperationRequest } from "../../dialects/message.ts";

/** Whether a request names its document by a hash, as automatic persisted queries do. */
export function isPersisted({ extensions }: OperationRequest): boolean {
  return extensions?.["persistedQuery"] != null;
}

/**
 * The error of a request without a document, which no hook has put in. Clients with automatic persisted queries know
 * message and code of theirs, and send the document itself from then on.
 */
export function missingDocument(request: OperationRequest): GraphQLError {
  return isPersisted(request)
    ? new GraphQLError("PersistedQueryNotSupported", { extensions: { code: "PERSISTED_QUERY_NOT_SUPPORTED" } })
    : new GraphQLError("Missing query", { extensions: { code: "BAD_REQUEST" } });
}
