import type { IncomingHttpHeaders } from "node:http";
import type { Peer } from "../../contract/peer.ts";
import type { HttpReply } from "./reply.ts";

/**
 * Bytes of a body beyond its limit that are read and thrown away: a client that writes all of its request before it
 * reads would otherwise see a broken connection instead of the answer. Over it, the connection is cut.
 */
export const discardedBytes = 67_108_864;

/** An HTTP request and its response, in any runtime. It is answered once, by `reply` or by `stream`. */
export interface HttpExchange {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** By lower-case names. */
  readonly headers: IncomingHttpHeaders;
  readonly peer: Peer;
  /** Whether the client disconnected before its request had arrived. */
  readonly abandoned: boolean;
  /**
   * Reads the body, as the pieces that it came in: joining them takes time, and many bodies may end in one turn of the
   * event loop. Undefined if it has more than `maxBytes`. Rejects if the client disconnects before its end.
   */
  read(maxBytes: number): Promise<readonly Uint8Array[] | undefined>;
  /** Answers with a complete body. Does nothing after the client has disconnected. */
  reply(reply: HttpReply): void;
  /** Answers with status 200 and a streamed body. */
  stream(headers: Readonly<Record<string, string>>, listener: StreamListener): StreamBody;
  /** Sets the callback for a client that disconnects before it is answered. */
  onGone(callback: () => void): void;
}

/** The streamed body of a response. No function throws; after the end they do nothing. */
export interface StreamBody {
  /** Whether written bytes wait in this process, so that no more should be written (back-pressure). */
  readonly blocked: boolean;
  /** Writes `count` messages of three pieces each, like `Socket.write`. */
  write(parts: readonly Uint8Array[], count: number): void;
  /** Writes `bytes`, which must not change, and calls `taken` once all of them have left this process. */
  probe(bytes: Uint8Array, taken: () => void): void;
  /** Ends the body, after the bytes written so far. */
  end(): void;
  /** Terminates the connection. */
  destroy(): void;
}

/** The writer of a body, as the body sees it. It is never called back inside a call of the body (not re-entrant). */
export interface StreamListener {
  /** Called after `blocked`, when more can be written. */
  drained(): void;
  /** Called when the response has ended, for any reason. */
  gone(): void;
}

/** Answers HTTP requests of any runtime. The handlers of Node and of `fetch` are adapters of it. */
export interface HttpService {
  /** Never throws. */
  answer(exchange: HttpExchange): void;
}
