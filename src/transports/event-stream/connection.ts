import { closeCodes, cutReason } from "../../base/close-code.ts";
import type { Log } from "../../contract/log.ts";
import type { Peer } from "../../contract/peer.ts";
import type { Socket, SocketHandler } from "../../contract/socket.ts";
import type { Dialect } from "../../dialects/dialect.ts";
import type { ClientMessage, ServerMessage } from "../../dialects/message.ts";
import type { HttpExchange, StreamBody, StreamListener } from "../exchange/exchange.ts";
import { problem } from "../exchange/reply.ts";

/** The owner of event streams, as a connection sees it. */
export interface EventStreamHost {
  readonly log: Log;
  /** Called when the server has ended a stream whose end the client has yet to read. */
  ending(connection: EventStreamConnection): void;
  /** Called when a stream is closed. */
  released(connection: EventStreamConnection): void;
}

/** A mode of the protocol: distinct connections or single connection. */
export interface EventStreamMode {
  readonly dialect: Dialect;
  /** Called when the session is acknowledged: the request is to be answered now. */
  acknowledged(connection: EventStreamConnection): void;
}

/** The headers of a stream's response. */
export const streamHeaders: Readonly<Record<string, string>> = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  // Turns off response buffering in nginx, which would delay events.
  "x-accel-buffering": "no",
};

const comment = new TextEncoder().encode(":\n\n");

/**
 * An event stream, as a session sees it. The transport turns the client's requests into messages. The session is opened
 * first; the response body is attached when it is acknowledged, or by a later request.
 */
export class EventStreamConnection implements Socket, StreamListener {
  readonly peer: Peer;
  /** GET is a safe method (RFC 9110, 9.2.1); a hook may turn the client's document into a mutation. */
  readonly readOnly: boolean;
  readonly #host: EventStreamHost;
  readonly #mode: EventStreamMode;
  /** The request that waits for a response. */
  #unanswered: HttpExchange | undefined;
  #handler: SocketHandler | undefined;
  #body: StreamBody | undefined;
  readonly #operations = new Set<string>();
  #ending: { readonly code: number; readonly reason: string } | undefined;
  #gone = false;

  constructor(host: EventStreamHost, mode: EventStreamMode, exchange: HttpExchange) {
    this.#host = host;
    this.#mode = mode;
    this.peer = exchange.peer;
    this.readOnly = exchange.method !== "POST" && exchange.method !== "PUT";
    this.#unanswered = exchange;
    exchange.onGone(() => this.gone());
  }

  /**
   * Opens a session and sends it an init message.
   *
   * @throws the errors of `accept`.
   */
  open(accept: (socket: Socket, dialect: Dialect) => SocketHandler): void {
    this.#handler = accept(this, this.#mode.dialect);
    this.receive({ type: "init", payload: undefined });
  }

  /**
   * Hands the session a message that a request was turned into.
   *
   * @param bytes of the request.
   */
  receive(message: ClientMessage, bytes?: number): void {
    this.#tell((handler) => handler.receive(message, bytes));
  }

  /** Answers a request with this stream's body. */
  answer(exchange: HttpExchange): void {
    if (this.#ending || this.#gone) return;
    this.#unanswered = undefined;
    try {
      this.#body = exchange.stream(streamHeaders, this);
    } catch (error) {
      this.#host.log.error("An event stream could not be opened", { error });
      this.terminate();
    }
  }

  /** Answers a later request with this stream's body, and flushes the outbox. */
  attach(exchange: HttpExchange): void {
    this.answer(exchange);
    // The outbox begins with the comment that acknowledges the session.
    this.#tell((handler) => handler.drained());
  }

  /** Takes the request that the session was opened for, which the caller has to answer. */
  takeUnanswered(): HttpExchange | undefined {
    const exchange = this.#unanswered;
    this.#unanswered = undefined;
    return exchange;
  }

  /** Whether it has, or had, a body. */
  get attached(): boolean {
    return this.#body !== undefined;
  }

  /** The close code and reason with which the server has ended it. */
  get ending(): { readonly code: number; readonly reason: string } | undefined {
    return this.#ending;
  }

  /** The ids of the client's operations. */
  get operations(): Set<string> {
    return this.#operations;
  }

  get blocked(): boolean {
    return this.#body?.blocked ?? true;
  }

  write(parts: readonly Uint8Array[], count: number): void {
    if (this.#ending) return;
    this.#body?.write(parts, count);
  }

  says(message: ServerMessage): undefined {
    if (message.type === "ack") this.#mode.acknowledged(this);
    if (message.type === "complete" || message.type === "error") this.#operations.delete(message.id);
  }

  /**
   * Writes a comment as a heartbeat. The client cannot answer it, but its departure shows that the connection drains.
   */
  ping(): void {
    if (this.#ending) return;
    if (this.#body) this.#body.probe(comment, () => this.#tell((handler) => handler.alive()));
    // Without a body yet, the timeouts of the request and the reservation apply instead.
    else this.#tell((handler) => handler.alive());
  }

  close(code: number, reason: string): void {
    if (this.#ending || this.#gone) return;
    const exchange = this.takeUnanswered();
    this.#end(code, cutReason(reason));
    exchange?.reply(problem(closeStatus(code), reason));
    // Re-entrant: the session must not be called back inside its own call.
    if (!this.#body) queueMicrotask(() => this.gone());
  }

  terminate(): void {
    this.#body?.destroy();
    this.gone();
  }

  drained(): void {
    this.#tell((handler) => handler.drained());
  }

  gone(): void {
    if (this.#gone) return;
    this.#gone = true;
    const { code, reason } = this.#ending ?? { code: 1006, reason: "" };
    this.#tell((handler) => handler.closed(code, reason));
    this.#host.released(this);
  }

  #end(code: number, reason: string): void {
    this.#ending = { code, reason };
    this.#body?.end();
    this.#host.ending(this);
  }

  /** Calls the session. An error that it throws closes this session only (fault isolation). */
  #tell(call: (handler: SocketHandler) => void): void {
    if (!this.#handler) return;
    try {
      call(this.#handler);
    } catch (error) {
      this.#host.log.error("A session failed", { error });
      this.close(closeCodes.internalError.code, closeCodes.internalError.reason);
    }
  }
}

const statuses: ReadonlyMap<number, number> = new Map([
  [1012, 503],
  [1013, 503],
  [4400, 400],
  [4401, 401],
  [4403, 403],
  [4408, 408],
  [4409, 409],
  [4413, 503],
  [4429, 429],
]);

/** The HTTP status of a request whose session is closed with `code` before the response. */
export function closeStatus(code: number): number {
  return statuses.get(code) ?? 500;
}
