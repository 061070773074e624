import type { Accept } from "../../contract/socket.ts";
import type { Excuse } from "../contract-suite.ts";

/** A transport whose sockets have to keep the contract. */
export interface SocketContractOptions {
  /** Shown with the cases. */
  readonly name: string;
  /**
   * Opens a connection, and on it a session with `accept`, whose dialect the client reads; resolves with the client's end
   * when both ends can talk. A session acknowledges an `init` that the transport says itself.
   */
  open(accept: Accept): Promise<SocketClient>;
  /** How long to wait for something that must happen, in milliseconds; 4,000 by default. */
  readonly patience?: number;
  /** Cases that this transport cannot pass, each with the reason in words. It must really fail them. */
  readonly excuses?: readonly Excuse[];
}

/**
 * The other end of a connection: a real client, as simple as may be. It needs `send` where clients talk in text, and
 * `subscribe` where the transport makes messages of what they do. Disposing it ends the connection in whatever way.
 */
export interface SocketClient extends AsyncDisposable {
  /** What the server should know of this client. The headers, one or more, are some that it has sent. */
  readonly introduction: SocketIntroduction;
  /** The whole messages of the dialect that have arrived, as text, in order. */
  readonly messages: readonly string[];
  /** How the connection ended, as the client sees it. */
  readonly ended: Promise<SocketEnding>;
  /** Sends one message. */
  send?(text: string): void | Promise<void>;
  /** Asks for an operation: the session receives it as a message that the transport has made. */
  subscribe?(id: string, query: string): void | Promise<void>;
  /** Stops reading, and answers nothing any more, until `resume`. */
  pause(): void;
  resume(): void;
  /** Ends the connection in the way its protocol knows. */
  close(code: number, reason: string): void;
  /** Goes away without a word. */
  die(): void;
}

/** How a client introduces itself: what a socket's `peer` should say. */
export interface SocketIntroduction {
  readonly address: string;
  /** Path and query. */
  readonly url: string;
  /** By lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What a client learns of the end; what its protocol cannot tell is left out. */
export interface SocketEnding {
  readonly code?: number;
  readonly reason?: string;
}
