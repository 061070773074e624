import { closeCodes, cutReason } from "../../base/close-code.ts";
import type { Log } from "../../contract/log.ts";
import type { Peer } from "../../contract/peer.ts";
import type { Socket, SocketHandler } from "../../contract/socket.ts";
import type { Dialect } from "../../dialects/dialect.ts";
import type { ClientMessage, ServerMessage } from "../../dialects/message.ts";
import type { HttpExchange, StreamBody, StreamListener } from "../exchange/exchange.ts";
import { problem } from "../exchange/reply.ts";

/** What all event streams of one transport have in common. */
export interface EventStreamHost {
  readonly log: Log;
  /** Called when this side has ended a stream that its client may still have to read. */
  ending(connection: EventStreamConnection): void;
  /** Called when a stream is gone. */
  released(connection: EventStreamConnection): void;
}

/** How a stream is served. */
export interface EventStreamMode {
  readonly dialect: Dialect;
  /** What follows when the session was acknowledged: the request may be answered now. */
  acknowledged(connection: EventStreamConnection): void;
}

const headers: Readonly<Record<string, string>> = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  // nginx would collect events until its buffer is full.
  "x-accel-buffering": "no",
};

const comment = new TextEncoder().encode(":\n\n");

/**
 * An event stream as a session sees it. Its client talks by requests, which the transport makes messages of; so the
 * session comes first, and the body of a response is there from its acknowledgement on, or from a later request.
 */
export class EventStreamConnection implements Socket, StreamListener {
  readonly peer: Peer;
  readonly #host: EventStreamHost;
  readonly #mode: EventStreamMode;
  /** The request that waits for an answer. */
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
    this.#unanswered = exchange;
    exchange.onGone(() => this.gone());
  }

  /** Opens a session and introduces the client to it. Throws what `accept` throws. */
  open(accept: (socket: Socket, dialect: Dialect) => SocketHandler): void {
    this.#handler = accept(this, this.#mode.dialect);
    this.receive({ type: "init", payload: undefined });
  }

  /**
   * Tells the session what the client has asked for by a request.
   *
   * @param bytes those of the request.
   */
  receive(message: ClientMessage, bytes?: number): void {
    this.#tell((handler) => handler.receive(message, bytes));
  }

  /** Answers a request with this stream's body. */
  answer(exchange: HttpExchange): void {
    if (this.#ending || this.#gone) return;
    this.#unanswered = undefined;
    try {
      this.#body = exchange.stream(headers, this);
    } catch (error) {
      this.#host.log.error("An event stream could not be opened", { error });
      this.terminate();
    }
  }

  /** Answers a request with this stream's body, after the session has been there for a while. */
  attach(exchange: HttpExchange): void {
    this.answer(exchange);
    // What has waited for it begins with the comment of the acknowledgement.
    this.#tell((handler) => handler.drained());
  }

  /** Answers the request that the session was opened for, not with a body. */
  takeUnanswered(): HttpExchange | undefined {
    const exchange = this.#unanswered;
    this.#unanswered = undefined;
    return exchange;
  }

  /** It has, or had, a body. */
  get attached(): boolean {
    return this.#body !== undefined;
  }

  /** How this side has ended it. */
  get ending(): { readonly code: number; readonly reason: string } | undefined {
    return this.#ending;
  }

  /** The operations of the client, by the ids it gave them. */
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

  /** Nothing can answer a comment; that the kernel has taken it shows at least that the client reads. */
  ping(): void {
    if (this.#ending) return;
    if (this.#body) this.#body.probe(comment, () => this.#tell((handler) => handler.alive()));
    // Deadlines of their own watch over a client that has not been answered.
    else this.#tell((handler) => handler.alive());
  }

  close(code: number, reason: string): void {
    if (this.#ending || this.#gone) return;
    const exchange = this.takeUnanswered();
    this.#end(code, cutReason(reason));
    exchange?.reply(problem(closeStatus(code), reason));
    // Not in the middle of the session's own call.
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

  /** A fault in a session must end that session and nothing else. */
  #tell(what: (handler: SocketHandler) => void): void {
    if (!this.#handler) return;
    try {
      what(this.#handler);
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

/** The status of a request whose session was closed with `code` before it was answered. */
export function closeStatus(code: number): number {
  return statuses.get(code) ?? 500;
}
