import { getOperationAST, GraphQLError } from "graphql";
import { blaming } from "../base/blame.ts";
import type { Peer } from "../contract/peer.ts";
import type {
  BegunRequest,
  EncodedResult,
  FormattedResult,
  OperationKind,
  RequestEngine,
} from "../contract/request-engine.ts";
import type { Viewer } from "../contract/viewer.ts";
import type { OperationHandle } from "../declare/operation-handle.ts";
import type { OperationRequest } from "../dialects/message.ts";
import { isCommand } from "../engine/document/command.ts";
import { isPersisted } from "../engine/document/missing.ts";
import { toGraphQLError } from "../engine/execution/error-format.ts";
import type { Place } from "../engine/execution/place.ts";
import { resultText } from "../engine/execution/result.ts";
import { changedRequest } from "./changed-request.ts";
import type { Connection } from "./connection.ts";
import type { OperationHost } from "./host.ts";
import { LocalSubscription } from "./local-subscription.ts";
import { readingPriority } from "./reading-priority.ts";
import { requestMemory } from "./request-memory.ts";

/** Requests of all clients that wait for their turn. */
const maxWaiting = 256;

/** Operations with a single result by HTTP, without a session: with the same documents, limits, hooks and contexts. */
export class HttpRequests implements RequestEngine {
  /** The largest request body, in bytes. */
  readonly maxBodyBytes: number;
  readonly #host: OperationHost;
  #count = 0;
  #waiting = 0;

  constructor(host: OperationHost, maxBodyBytes: number) {
    this.#host = host;
    this.maxBodyBytes = maxBodyBytes;
  }

  async whenTimeToRead(bytes: number): Promise<boolean> {
    const { engine, requests } = this.#host;
    if (!requests.takeDetached(bytes)) return false;
    // Large ones wait however many do: they are bounded by their bytes.
    const priority = readingPriority(bytes);
    const mayWait = priority === "large" || this.#waiting < maxWaiting;
    const time = mayWait ? engine.scheduler.whenTime(priority) : undefined;
    if (time) await this.#wait(time);
    requests.giveDetached(bytes);
    return true;
  }

  async admit(request: OperationRequest, bytes: number): Promise<Disposable | undefined> {
    const { engine, requests } = this.#host;
    const memory = requestMemory(request);
    if (!requests.takeDetached(memory)) return undefined;
    // A large text is answered in the turn in which it was parsed, so that few are in memory as objects. While too
    // many wait, nothing more does: answers that pile up are what makes Node stop reading (back-pressure).
    const waits = readingPriority(bytes) !== "large" && this.#waiting < maxWaiting;
    const time = waits ? engine.whenTimeFor(request, memory) : undefined;
    if (time) await this.#wait(time);
    return { [Symbol.dispose]: () => requests.giveDetached(memory) };
  }

  async #wait(time: Promise<void>): Promise<void> {
    this.#waiting += 1;
    await time;
    this.#waiting -= 1;
  }

  kindOf({ query, operationName }: OperationRequest): OperationKind | undefined {
    const { documents, schema } = this.#host.engine;
    const { ast } = documents.get(query);
    if (!ast) return undefined;
    return isCommand(schema, ast, operationName) ? "command" : getOperationAST(ast, operationName)?.operation;
  }

  async begin(peer: Peer, given: OperationRequest): Promise<BegunRequest> {
    const { formatError, hooks } = this.#host;
    this.#count += 1;
    const connection = connectionOf(peer, `http-${this.#count}`);
    let request: OperationRequest;
    try {
      const answer = await blaming("onOperation", undefined, () => hooks.onOperation?.(given, connection));
      request = changedRequest("onOperation", given, answer);
    } catch (error) {
      const result = { errors: [formatError(toGraphQLError(error), placeOfRequest(connection, given))] };
      return { kind: undefined, run: async () => this.#encoded(given, result, "refused") };
    }
    const kind = this.kindOf(request);
    const failed = request.query === "" && !isPersisted(request) ? "malformed" : "refused";
    return { kind, run: async () => this.#encoded(request, await this.#run(kind, request, connection), failed) };
  }

  async #run(
    kind: OperationKind | undefined,
    request: OperationRequest,
    connection: Connection,
  ): Promise<FormattedResult> {
    const { engine, formatError } = this.#host;
    if (kind === "command") return this.#command(request, connection);
    const prepared = engine.prepare(request);
    const place = placeOfRequest(connection, request);
    if ("errors" in prepared) return { errors: prepared.errors.map((error) => formatError(error, place)) };
    const operation = new DetachedOperation(connection, prepared.operation.name?.value);
    return engine.execute(prepared, () => this.#host.contextOf(connection, request, operation));
  }

  /** @param failed the outcome of a result without data. */
  #encoded(
    { operationName }: OperationRequest,
    result: FormattedResult,
    failed: EncodedResult["outcome"],
  ): EncodedResult {
    const outcome = result.data === undefined ? failed : "executed";
    return { text: resultText(result, this.#host.log, { operationName }), outcome };
  }

  /** Executes a command: a subscription with a single result. */
  async #command(given: OperationRequest, connection: Connection): Promise<FormattedResult> {
    const { hooks, formatError } = this.#host;
    try {
      const answer = await blaming("onSubscribe", undefined, () => hooks.onSubscribe?.(given, connection));
      const request = changedRequest("onSubscribe", given, answer);
      if (this.kindOf(request) !== "command") throw new GraphQLError(notAnswered);
      return await this.#resultOf(request, connection);
    } catch (error) {
      return { errors: [formatError(toGraphQLError(error), placeOfRequest(connection, given))] };
    }
  }

  async #resultOf(request: OperationRequest, connection: Connection): Promise<FormattedResult> {
    const { engine, hooks, formatError, log } = this.#host;
    const subscription = new LocalSubscription({
      engine,
      formatError,
      log,
      request,
      client: connection,
      context: (operation) => this.#host.contextOf(connection, request, operation),
      limit: 1,
      onEnd: () => undefined,
      onUnsubscribe: (operation) => hooks.onUnsubscribe?.(operation, connection),
    });
    await using results = subscription.values;
    await subscription.start();
    const { value } = await results.next();
    return value ?? { errors: [formatError(new GraphQLError(notAnswered))] };
  }
}

const notAnswered = "This subscription has no result that HTTP could be answered with";

function placeOfRequest({ id }: Connection, { operationName }: OperationRequest): Place {
  return { session: id, operation: operationName };
}

function connectionOf(peer: Peer, id: string): Connection {
  return { id, peer, params: undefined, connected: undefined, viewer: undefined, close: () => undefined };
}

/** The handle of a query or mutation by HTTP, which has no session and no topics: joining and leaving do nothing. */
export class DetachedOperation implements OperationHandle {
  readonly id: string;
  readonly name: string | undefined;
  readonly peer: Peer;
  readonly viewer: Viewer | undefined;
  readonly state: Record<string, unknown> = {};

  constructor({ id, peer, viewer }: Pick<Connection, "id" | "peer" | "viewer">, name: string | undefined) {
    this.id = id;
    this.name = name;
    this.peer = peer;
    this.viewer = viewer;
  }

  async join(): Promise<void> {}

  async leave(): Promise<void> {}
}
