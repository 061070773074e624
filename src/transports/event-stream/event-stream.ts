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

export interface EventStreamOptions {
  /** What a response with one operation speaks. */
  readonly distinct: Dialect;
  /** What a response with any number of operations speaks. */
  readonly single: Dialect;
  /** Reads what a request asks to run, or says what is wrong with it. */
  readonly request: (payload: JsonObject) => OperationRequest | { readonly problem: string };
  /** Opens a session on each stream. */
  readonly accept: Accept;
  /** Asked before a session is opened. Default: everybody may come in. */
  readonly admit?: Admit | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<TransportLimits> | undefined;
}

/** What a request is answered with; undefined where its stream answers it, or has done so. */
type Answered = HttpReply | undefined;

/** The only operation of a stream in distinct connections mode. */
const onlyOperation = "1";

/**
 * Server-sent events for any runtime: the two modes of the protocol of graphql-sse. What is asked for by a request
 * becomes a message to a session, so that every check and limit is that of the other transports.
 *
 * In single connection mode a token stands for the stream. It is 128 random bits, and bound to its owner: whoever comes
 * with it must bring the `Authorization` header with which it was reserved, or none if there was none. Anything else is
 * answered as if there were no such stream.
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

  /** Streams that are open, closing or reserved. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Answers a request with the results of its operation. */
  distinct(exchange: HttpExchange, { object, bytes }: HttpPayload): Answered {
    const opened = this.#open(exchange, this.#distinct);
    if (!(opened instanceof EventStreamConnection)) return opened;
    const request = this.#options.request(object);
    if ("problem" in request) opened.receive({ type: "invalid", reason: request.problem });
    else opened.receive({ type: "subscribe", id: onlyOperation, request }, bytes);
    return undefined;
  }

  /** Reserves a stream, and answers with its token when the session was acknowledged. */
  async reserve(exchange: HttpExchange): Promise<Answered> {
    const token = newToken();
    const owner = await ownerOf(exchange);
    if (this.#reservations.isFull) return problem(503, closeCodes.overload.reason);
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

  /** Answers with the stream that was reserved. */
  async open(exchange: HttpExchange, token: string): Promise<Answered> {
    const connection = await this.#find(exchange, token);
    if (!connection) return notFound();
    if (connection.attached) return problem(409, "Stream already open");
    this.#reservations.opened(connection);
    connection.attach(exchange);
    return undefined;
  }

  /** Starts an operation whose results will stand in the stream of the token. */
  async start(exchange: HttpExchange, token: string, { object, bytes }: HttpPayload): Promise<HttpReply> {
    const connection = await this.#find(exchange, token);
    if (!connection) return notFound();
    const id = operationIdOf(object);
    if (id === undefined) return problem(400, "Operation ID is missing");
    if (connection.operations.has(id)) return problem(409, "Operation with ID already exists");
    const request = this.#options.request(object);
    // Here the fault is one request's, and no reason to end the stream.
    if ("problem" in request) return problem(400, request.problem);
    connection.operations.add(id);
    connection.receive({ type: "subscribe", id, request }, bytes);
    const { ending } = connection;
    return ending ? problem(closeStatus(ending.code), ending.reason) : plain(202);
  }

  /** Stops an operation. One that does not run, perhaps because it has just ended, is as good as stopped. */
  async stop(exchange: HttpExchange, token: string, id: string | null): Promise<HttpReply> {
    const connection = await this.#find(exchange, token);
    if (!connection) return notFound();
    if (!id) return problem(400, "Operation ID is missing");
    if (connection.operations.delete(id)) connection.receive({ type: "complete", id });
    return plain(200);
  }

  /** Ends every stream, and waits for their clients to have read that. */
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

  /** Undefined also for a stream that is about to end. */
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

/** A token cannot be guessed, so that no page but the one that was given it can use it. */
function newToken(): string {
  return hex(crypto.getRandomValues(new Uint8Array(16)));
}

/** What binds a token to who asked for it: not the secret itself, which has no business in memory for hours. */
async function ownerOf({ peer }: HttpExchange): Promise<string> {
  const authorization = peer.header("authorization");
  if (authorization === undefined) return "";
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(authorization))));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
