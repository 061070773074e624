import type { Dialect } from "../dialects/dialect.ts";
import type { ClientMessage, ServerMessage } from "../dialects/message.ts";
import type { Peer } from "./peer.ts";

/**
 * One client's connection, as its session sees it. No function throws, and after the end each does nothing.
 * `socketContract` of `fanfare/testing` tests these guarantees.
 */
export interface Socket {
  readonly peer: Peer;
  /** Whether it may carry no mutation and no command, such as a stream that was asked for by GET. Default: false. */
  readonly readOnly?: boolean;
  /** Back-pressure: true while written bytes wait in this process. {@link SocketHandler.drained} reports the end. */
  readonly blocked: boolean;
  /**
   * Writes `count` messages at once. `parts` holds three pieces per message: head, shared bytes, tail. Pieces under 3
   * KiB are copied before the call returns, so the caller may reuse their memory, and the array. Longer pieces are
   * passed on by reference and must never be changed.
   */
  write(parts: readonly Uint8Array[], count: number): void;
  /**
   * Called with each message before it is encoded, for transports that express it in another way, such as an HTTP
   * status. The bytes that it returns are written in place of the dialect's encoding; undefined: the dialect encodes
   * the message.
   */
  says?(message: ServerMessage): readonly Uint8Array[] | undefined;
  /**
   * Back-pressure on the client: stops reading from the connection until {@link resume}, without which it is not
   * called. What has been read already may still arrive. Default: it is never stopped, and few messages wait
   * (PROTOCOL 6.7).
   */
  pause?(): void;
  /** Reads again after {@link pause}. Does nothing otherwise. */
  resume?(): void;
  /** Sends a ping; the client's answer arrives as {@link SocketHandler.alive}. */
  ping(): void;
  /**
   * Closes the connection by its protocol's closing handshake, after everything that was written.
   *
   * @param reason is cut to 123 bytes of UTF-8.
   */
  close(code: number, reason: string): void;
  /** Drops the connection without a closing handshake. */
  terminate(): void;
}

/** A session, as its socket sees it. */
export interface SocketHandler {
  /** Takes one whole message as text in the session's dialect; it is held to the limits of bytes and nesting. */
  message(text: string): void;
  /**
   * Takes a message that the transport has built from a request, and has checked.
   *
   * @param bytes the size of the request, which is held to the same limit. Default 0.
   */
  receive(message: ClientMessage, bytes?: number): void;
  /** The client has answered a ping, or has sent such an answer unasked: it counts for the rate of messages. */
  alive(): void;
  /**
   * The client has sent a ping: it counts for the rates of messages and bytes.
   *
   * @param bytes the size of its payload.
   * @param answer sends the answer. It is called after what came before the ping has been handled, or not at all if the
   * connection has ended by then.
   */
  pinged(bytes: number, answer: () => void): void;
  /** No written bytes wait in this process any more. */
  drained(): void;
  /** The connection is gone. Called exactly once, last. */
  closed(code: number, reason: string): void;
}

/**
 * Decides whether a connection may be opened, before its handshake is answered: undefined admits it. Depending on the
 * server's options, a refusal is sent as an HTTP status, or as a close code after accepting.
 */
export type Admit = (peer: Peer) => Refusal | undefined;

/** Why a connection may not be opened: an HTTP status, a WebSocket close code, and a reason. */
export interface Refusal {
  readonly status: number;
  readonly code: number;
  readonly reason: string;
}

/** Opens a session on a socket. */
export type Accept = (socket: Socket, dialect: Dialect) => SocketHandler;
