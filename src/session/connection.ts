import type { Peer } from "../contract/peer.ts";
import type { Viewer } from "../contract/viewer.ts";
import type { MessagePayload } from "../dialects/message.ts";

/** A client's connection, as hooks and the `context` option see it. An HTTP request is a connection of its own. */
export interface Connection {
  readonly id: string;
  readonly peer: Peer;
  /** The payload of the client's init message; undefined before it, and for HTTP. */
  readonly params: MessagePayload | undefined;
  /** What `onConnect` returned; undefined before it, and for HTTP. */
  readonly connected: object | undefined;
  readonly viewer: Viewer | undefined;
  /** Ends the connection; 1000 by default. The reason is cut to 123 bytes. Does nothing for HTTP. */
  close(code?: number, reason?: string): void;
}
