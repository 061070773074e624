import type { DocumentNode, GraphQLError, GraphQLFormattedError, GraphQLSchema } from "graphql";
import type { Peer } from "../contract/peer.ts";
import type { FormattedResult, RequestEngine } from "../contract/request-engine.ts";
import type { OperationRequest } from "../dialects/message.ts";
import { toGraphQLError } from "../engine/error-format.ts";
import type { Connection } from "./connection.ts";
import { DetachedOperation } from "./detached-operation.ts";
import type { SessionHost } from "./host.ts";

/** Queries and mutations by HTTP: the same documents, limits, hooks and contexts as over a socket. */
export class HttpRequests implements RequestEngine {
  readonly #host: SessionHost;
  #count = 0;

  constructor(host: SessionHost) {
    this.#host = host;
  }

  get schema(): GraphQLSchema {
    return this.#host.engine.schema;
  }

  get maxBodyBytes(): number {
    return this.#host.limits.messageBytes;
  }

  parse(source: string): DocumentNode {
    return this.#host.engine.documents.parse(source);
  }

  validate(document: DocumentNode): readonly GraphQLError[] {
    return this.#host.engine.documents.validate(document);
  }

  formatError(error: GraphQLError): GraphQLFormattedError {
    return this.#host.formatError(error);
  }

  async execute(peer: Peer, _document: DocumentNode, request: OperationRequest): Promise<FormattedResult> {
    const { engine, hooks, formatError } = this.#host;
    this.#count += 1;
    const connection = connectionOf(peer, `http-${this.#count}`);
    try {
      await hooks.onOperation?.(request, connection);
    } catch (error) {
      return { errors: [formatError(toGraphQLError(error))] };
    }
    const prepared = engine.prepare(request);
    if ("errors" in prepared) return { errors: prepared.errors.map(formatError) };
    const operation = new DetachedOperation(connection.id, prepared.operation.name?.value);
    return engine.execute(prepared, () => this.#host.contextOf(connection, request, operation));
  }
}

function connectionOf(peer: Peer, id: string): Connection {
  return { id, peer, params: undefined, connected: undefined, viewer: undefined, close: () => undefined };
}
