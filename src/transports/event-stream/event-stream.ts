import type { Clock, Timer } from "../../base/clock.ts";
import { closeCodes } from "../../base/close-code.ts";
import type { JsonObject } from "../../base/json.ts";
import type { Log } from "../../contract/log.ts";
import type { Accept, Admit } from "../../contract/socket.ts";
import type { Dialect } from "../../dialects/dialect.ts";
import type { OperationRequest } from "../../dialects/message.ts";
import type { HttpExchange } from "../exchange/exchange.ts";
import { plain, problem, type HttpReply } from "../exchange/reply.ts";
import type { HttpPayload } from "../http/body.ts";
import { closeStatus, EventStreamConnection, type EventStreamHost, type EventStreamMode } from "./connection.ts";
import { defaultTransportLimits, type TransportLimits } from "../limits.ts";
import { Reservations } from "./reservations.ts";

/** Options of {@link EventStreams}. */
export interface EventStreamOptions {
  /** The dialect of distinct connections mode: a response carries one operation. */
  readonly distinct: Dialect;
  /** The dialect of single connection mode: a response carries any number of operations. */
  readonly single: Dialect;
  /** Decodes a request's JSON object. */
  readonly request: (payload: JsonObject) => OperationRequest | { readonly problem: string };
  /** Opens a session on each stream. */
  readonly accept: Accept;
  /** Admission control, called before a session is opened. Default: every client is admitted. */
  readonly admit?: Admit | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<TransportLimits> | undefined;
}

/** The response to a request; undefined if its stream responds. */
type Answered = HttpReply | undefined;

/** The id of the only operation of a stream in distinct connections mode. */
const onlyOperation = "1";

/**
 * Server-sent events for any runtime: both modes of the graphql-sse protocol. A request becomes a message to a session,
 * so that the checks and limits are those of the other transports.
 *
 * In single connection mode a stream has a token of 128 random bits, which is bound to its owner: a request with the
 * token must have the same `Authorization` header as its reservation, or none if that had none. Any other request gets
 * the response for an unknown token.
 */
export class EventStreams implements AsyncDisposable {
  readonly #options: EventStreamOptions;
  readonly #limits: TransportLimits;
  readonly #reservations: Reservations;
  readonly #connections = new Set<EventStreamConnection>();
  readonly #cuts = new Map<EventStreamConnection, Timer>();
  readonly #host: EventStreamHost;
  readonly #distinct: EventStreamMode;
  #disposed: Promise<void> | undefined;
  #emptied: (() => void) | undefined;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    this.#limits = { ...defaultTransportLimits, ...options.limits };
    this.#reservations = new Reservations(options.clock, this.#limits);
    this.#host = {
      log: options.log,
      ending: (connection) => this.#cutLater(connection),
      released: (connection) => this.#released(connection),
    };
    this.#distinct = {
      dialect: options.distinct,
      acknowledged(connection) {
        const exchange = connection.takeUnanswered();
        if (exchange) connection.answer(exchange);
      },
    };
  }

  /** The number of streams that are open, closing or reserved. */
  get connections(): number {
    return this.#connections.size;
  }

  /**
   * Answers a request with the results of its operation.
   *
   * @param bytes of the request.
   */
  distinct(exchange: HttpExchange, request: OperationRequest, bytes: number): Answered {
    const opened = this.#open(exchange, this.#distinct);
    if (!(opened instanceof EventStreamConnection)) return opened;
    opened.receive({ type: "subscribe", id: onlyOperation, request }, bytes);
    return undefined;
  }

  /** Reserves a stream, and answers with its token when the session is acknowledged. */
  async reserve(exchange: HttpExchange): Promise<Answered> {
    const token = newToken();
    const owner = await ownerOf(exchange);
    const refused = this.#reservations.refusal(exchange.peer.address);
    if (refused !== undefined) return problem(refused, closeCodes.overload.reason);
    const opened = this.#open(exchange, {
      dialect: this.#options.single,
      acknowledged: (connection) => {
        this.#reservations.begin(connection);
        connection.takeUnanswered()?.reply(plain(201, token));
      },
    });
    if (!(opened instanceof EventStreamConnection)) return opened;
    this.#reservations.add(opened, token, owner);
    return undefined;
  }

  /** Answers with a reserved stream. */
  async open(exchange: HttpExchange, token: string): Promise<Answered> {
    const connection = await this.#find(exchange, token);
    if (!connection) return notFound();
    if (connection.attached) return problem(409, "Stream already open");
    this.#reservations.opened(connection);
    connection.attach(exchange);
    return undefined;
  }

  /** Starts an operation whose results go to the token's stream. */
  async start(exchange: HttpExchange, token: string, { object, bytes }: HttpPayload): Promise<HttpReply> {
    const connection = await this.#find(exchange, token);
    if (!connection) return notFound();
    const id = operationIdOf(object);
    if (id === undefined) return problem(400, "Operation ID is missing");
    if (connection.operations.has(id)) return problem(409, "Operation with ID already exists");
    const request = this.#options.request(object);
    // A bad request must not end the stream, which other operations share.
    if ("problem" in request) return problem(400, request.problem);
    connection.operations.add(id);
    connection.receive({ type: "subscribe", id, request }, bytes);
    const { ending } = connection;
    return ending ? problem(closeStatus(ending.code), ending.reason) : plain(202);
  }

  /** Stops an operation. Idempotent: an operation that has ended already counts as stopped. */
  async stop(exchange: HttpExchange, token: string, id: string | null): Promise<HttpReply> {
    const connection = await this.#find(exchange, token);
    if (!connection) return notFound();
    if (!id) return problem(400, "Operation ID is missing");
    if (connection.operations.delete(id)) connection.receive({ type: "complete", id });
    return plain(200);
  }

  /** Ends every stream, and waits until the clients have read the end or `closeMilliseconds` have passed. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#close();
    return this.#disposed;
  }

  #open(exchange: HttpExchange, mode: EventStreamMode): EventStreamConnection | Answered {
    const { accept, admit } = this.#options;
    const refusal = this.#disposed ? { status: 503, reason: closeCodes.goingAway.reason } : admit?.(exchange.peer);
    if (refusal) return problem(refusal.status, refusal.reason);
    const connection = new EventStreamConnection(this.#host, mode, exchange);
    this.#connections.add(connection);
    try {
      connection.open(accept);
      return connection;
    } catch (error) {
      this.#options.log.error("A session could not be opened", { error });
      connection.close(closeCodes.internalError.code, closeCodes.internalError.reason);
      return undefined;
    }
  }

  /** The stream of a token and the request's owner; undefined also for a stream that is closing. */
  async #find(exchange: HttpExchange, token: string): Promise<EventStreamConnection | undefined> {
    const connection = this.#reservations.find(token, await ownerOf(exchange));
    return connection?.ending ? undefined : connection;
  }

  #cutLater(connection: EventStreamConnection): void {
    this.#cuts.set(
      connection,
      this.#options.clock.after(this.#limits.closeMilliseconds, () => connection.terminate()),
    );
  }

  #released(connection: EventStreamConnection): void {
    this.#cuts.get(connection)?.[Symbol.dispose]();
    this.#cuts.delete(connection);
    this.#reservations.delete(connection);
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#emptied?.();
  }

  async #close(): Promise<void> {
    const { code, reason } = closeCodes.goingAway;
    for (const connection of this.#connections) connection.close(code, reason);
    if (this.#connections.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#emptied = resolve;
    });
  }
}

function notFound(): HttpReply {
  return problem(404, "Stream not found");
}

function operationIdOf({ extensions }: JsonObject): string | undefined {
  if (typeof extensions !== "object" || extensions === null || !("operationId" in extensions)) return undefined;
  const { operationId } = extensions;
  return typeof operationId === "string" && operationId !== "" ? operationId : undefined;
}

/** A token that cannot be guessed. It doubles as a CSRF token: a page of another site does not know it. */
function newToken(): string {
  return hex(crypto.getRandomValues(new Uint8Array(16)));
}

/** The owner of a token: a SHA-256 hash of the credentials, so that the secret itself is not kept in memory. */
async function ownerOf({ peer }: HttpExchange): Promise<string> {
  const authorization = peer.header("authorization");
  if (authorization === undefined) return "";
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(authorization))));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
