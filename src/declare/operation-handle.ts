import type { Peer } from "../contract/peer.ts";
import type { Viewer } from "../contract/viewer.ts";
import type { TopicLike } from "./topic.ts";

/** A running operation, for resolvers and hooks: `context.operation`. */
export interface OperationHandle {
  /** The id that the client chose; any string. */
  readonly id: string;
  /** The operation's name in its document; undefined where another executor runs it. */
  readonly name: string | undefined;
  /** The client's end of the connection; undefined for code in the same process, and where another executor runs it. */
  readonly peer: Peer | undefined;
  /** The client's viewer; undefined if `onConnect` gave none. */
  readonly viewer: Viewer | undefined;
  /** Data of this operation alone, kept from its start to its end. */
  readonly state: Record<string, unknown>;
  /** Adds topics to a running subscription; resolves when they are live. Does nothing for queries and mutations. */
  join(...topics: readonly TopicLike[]): Promise<void>;
  /** Removes topics from a running subscription. */
  leave(...topics: readonly TopicLike[]): Promise<void>;
}

/** The part of every context that Fanfare provides; the server's `context` option adds the rest. */
export interface OperationContext {
  readonly operation: OperationHandle;
}
