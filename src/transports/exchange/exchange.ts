import type { IncomingHttpHeaders } from "node:http";
import type { Peer } from "../../contract/peer.ts";
import type { HttpReply } from "./reply.ts";

/** One request and the way to answer it, whatever runtime it came by. Answered once, by `reply` or by `stream`. */
export interface HttpExchange {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** By lower-case names. */
  readonly headers: IncomingHttpHeaders;
  readonly peer: Peer;
  /** The client went away before its request had arrived. */
  readonly abandoned: boolean;
  /** The body; undefined if it has more than `maxBytes`. Rejects if it does not arrive. */
  read(maxBytes: number): Promise<Uint8Array | undefined>;
  /** Answers with a whole body. Does nothing for a client that has gone. */
  reply(reply: HttpReply): void;
  /** Answers with 200 and a body that is written bit by bit. */
  stream(headers: Readonly<Record<string, string>>, listener: StreamListener): StreamBody;
  /** Sets who is told if the client goes away before it was answered. */
  onGone(callback: () => void): void;
}

/** The body of a response that is written bit by bit. None of its functions throws; after the end they do nothing. */
export interface StreamBody {
  /** True while what was written waits in this process. */
  readonly blocked: boolean;
  /** Writes messages of three pieces each, like a socket of a session. */
  write(parts: readonly Uint8Array[], count: number): void;
  /** Writes `bytes`, which must not change, and calls back once all of them have left this process. */
  probe(bytes: Uint8Array, taken: () => void): void;
  /** Ends the body after what was written. */
  end(): void;
  /** Cuts the connection. */
  destroy(): void;
}

/** Who writes a body is told this; never in the middle of a call to it. */
export interface StreamListener {
  /** After `blocked`: more can be written. */
  drained(): void;
  /** The response is over, in whatever way. */
  gone(): void;
}

/** Answers requests of any runtime: what the handlers of Node and of `fetch` are made of. */
export interface HttpService {
  /** Never throws. */
  answer(exchange: HttpExchange): void;
}
