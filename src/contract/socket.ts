import type { Dialect } from "../dialects/dialect.ts";
import type { ClientMessage, ServerMessage } from "../dialects/message.ts";
import type { Peer } from "./peer.ts";

/**
 * One client's connection, as a session sees it. None of its functions throws; after the end they do nothing.
 * `socketContract` of `fanfare/testing` proves what is said here.
 */
export interface Socket {
  readonly peer: Peer;
  /** True while what was written waits in this process: more would only pile up. `drained` tells when it is over. */
  readonly blocked: boolean;
  /**
   * Writes `count` messages at once. `parts` holds three pieces of each: head, shared bytes, tail. Pieces under 3 KiB are
   * copied before the call returns, and their memory may be used again, like the array; nobody may change longer ones.
   */
  write(parts: readonly Uint8Array[], count: number): void;
  /**
   * Told each message of the protocol before it is encoded: for transports that say it in another way as well, such as a
   * status. What it answers waits to be written in place of what the dialect encodes; undefined: the dialect's encoding.
   */
  says?(message: ServerMessage): readonly Uint8Array[] | undefined;
  /** Asks the other end to prove that it is alive; its answer arrives as {@link SocketHandler.alive}. */
  ping(): void;
  /** Ends the connection in the way its protocol knows, after what was written. A reason is cut to 123 bytes. */
  close(code: number, reason: string): void;
  /** Cuts the connection. */
  terminate(): void;
}

/** What a session does with what its socket tells it. */
export interface SocketHandler {
  /** One whole message arrived, as text in the session's dialect. Held to the limits of bytes and nesting. */
  message(text: string): void;
  /**
   * A message that the transport has made itself, of a request that it has checked.
   *
   * @param bytes what the client sent for it, which is held to the same limit. Default 0.
   */
  receive(message: ClientMessage, bytes?: number): void;
  /** The other end proved that it is alive. */
  alive(): void;
  /** Everything that was written has been taken. */
  drained(): void;
  /** The connection is gone. Called exactly once, last. */
  closed(code: number, reason: string): void;
}

/**
 * Whether a connection may be opened, asked before the handshake is answered. A refusal is sent as an HTTP status, or
 * as a close code after accepting, as the server is configured.
 */
export type Admit = (peer: Peer) => Refusal | undefined;

/** Why a connection may not be opened, in the words of HTTP and of WebSocket. */
export interface Refusal {
  readonly status: number;
  readonly code: number;
  readonly reason: string;
}

/** Opens a session on a socket. */
export type Accept = (socket: Socket, dialect: Dialect) => SocketHandler;
