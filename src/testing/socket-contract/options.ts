import type { Accept } from "../../contract/socket.ts";
import type { Excuse } from "../contract-suite.ts";

/** A transport under test. */
export interface SocketContractOptions {
  /** The transport's name in the titles of the cases. */
  readonly name: string;
  /**
   * Opens a connection, and a session on it by `accept`, with the dialect that the client reads. Resolves with the
   * client's end when both ends can send. A session acknowledges an `init` that the transport itself makes.
   */
  open(accept: Accept): Promise<SocketClient>;
  /** The timeout of an expected event, in milliseconds. Default 4,000. */
  readonly patience?: number;
  /** Cases that this transport cannot pass, each with the reason. It must really fail them. */
  readonly excuses?: readonly Excuse[];
}

/**
 * The client's end of a connection: a real client, as simple as possible. It needs `send` if clients send text, and
 * `subscribe` if the transport makes messages of requests. Disposing it ends the connection in any way.
 */
export interface SocketClient extends AsyncDisposable {
  /** The expected `peer` of the socket, with at least one of the headers that the client has sent. */
  readonly introduction: SocketIntroduction;
  /** The whole messages of the dialect that have arrived, as text, in order. */
  readonly messages: readonly string[];
  /** Resolves at the end of the connection, as the client sees it. */
  readonly ended: Promise<SocketEnding>;
  /** Sends one message. */
  send?(text: string): void | Promise<void>;
  /** Requests an operation, which reaches the session as a message that the transport has made. */
  subscribe?(id: string, query: string): void | Promise<void>;
  /** Stops reading, and answers no pings, until `resume`. */
  pause(): void;
  resume(): void;
  /** Closes the connection by its protocol's closing handshake. */
  close(code: number, reason: string): void;
  /** Drops the connection without a closing handshake. */
  die(): void;
}

/** A client's address, url and headers, for comparison with a socket's `peer`. */
export interface SocketIntroduction {
  readonly address: string;
  /** Path and query. */
  readonly url: string;
  /** Headers by lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The end of a connection, as far as its protocol tells it to the client. */
export interface SocketEnding {
  readonly code?: number;
  readonly reason?: string;
}
