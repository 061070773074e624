import { GraphQLError, type DocumentNode, type GraphQLFormattedError, type GraphQLSchema } from "graphql";
import type { Peer } from "../contract/peer.ts";
import type { FormattedResult, RequestEngine } from "../contract/request-engine.ts";
import type { OperationRequest } from "../dialects/message.ts";
import { isCommand } from "../engine/document/command.ts";
import { toGraphQLError } from "../engine/execution/error-format.ts";
import type { Connection } from "./connection.ts";
import { DetachedOperation } from "./detached-operation.ts";
import type { SessionHost } from "./host.ts";
import { LocalSubscription } from "./local-subscription.ts";

/** What HTTP answers at once: the same documents, limits, hooks and contexts as over a socket. */
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

  isCommand(document: DocumentNode, operationName: string | undefined): boolean {
    return isCommand(this.schema, document, operationName);
  }

  async execute(peer: Peer, document: DocumentNode, request: OperationRequest): Promise<FormattedResult> {
    const { engine, hooks, formatError } = this.#host;
    this.#count += 1;
    const connection = connectionOf(peer, `http-${this.#count}`);
    try {
      await hooks.onOperation?.(request, connection);
      if (this.isCommand(document, request.operationName)) return await this.#command(request, connection);
    } catch (error) {
      return { errors: [formatError(toGraphQLError(error))] };
    }
    const prepared = engine.prepare(request);
    if ("errors" in prepared) return { errors: prepared.errors.map(formatError) };
    const operation = new DetachedOperation(connection, prepared.operation.name?.value);
    return engine.execute(prepared, () => this.#host.contextOf(connection, request, operation));
  }

  /** The first result of a subscription that has no other. */
  async #command(given: OperationRequest, connection: Connection): Promise<FormattedResult> {
    const { engine, hooks, formatError, log } = this.#host;
    const request = (await hooks.onSubscribe?.(given, connection)) ?? given;
    if (!this.isCommand(this.parse(request.query), request.operationName)) throw new GraphQLError(notAnswered);
    const operation = new DetachedOperation(connection, request.operationName);
    const context = () => this.#host.contextOf(connection, request, operation);
    const asked = { request, context, limit: 1, onEnd: () => undefined };
    const running = new LocalSubscription({ engine, formatError, log, ...asked });
    await using results = running.results;
    await running.start();
    const { value } = await results.next();
    await this.#told(() => hooks.onUnsubscribe?.(operation, connection));
    return value ?? { errors: [formatError(new GraphQLError(notAnswered))] };
  }

  async #told(hook: () => unknown): Promise<void> {
    try {
      await hook();
    } catch (error) {
      this.#host.log.error("onUnsubscribe failed", { error });
    }
  }
}

const notAnswered = "This subscription has no result that HTTP could be answered with";

function connectionOf(peer: Peer, id: string): Connection {
  return { id, peer, params: undefined, connected: undefined, viewer: undefined, close: () => undefined };
}
