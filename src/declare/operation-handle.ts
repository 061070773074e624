import type { Peer } from "../contract/peer.ts";
import type { Viewer } from "../contract/viewer.ts";
import type { TopicLike } from "./topic.ts";

/** A running operation, as resolvers and hooks see it: `context.operation`. */
export interface OperationHandle {
  /** The id its client gave it; any string. */
  readonly id: string;
  /** The operation's name in its document; undefined where another executor runs it. */
  readonly name: string | undefined;
  /** Where its client is; undefined for code in the same process, and where another executor runs it. */
  readonly peer: Peer | undefined;
  /** Who its client is, as far as the server knows. */
  readonly viewer: Viewer | undefined;
  /** Lives from subscribing to the last event, and belongs to this operation alone. */
  readonly state: Record<string, unknown>;
  /** Adds topics to a running subscription; resolves when they are live. Does nothing for queries and mutations. */
  join(...topics: readonly TopicLike[]): Promise<void>;
  /** Takes topics away from a running subscription. */
  leave(...topics: readonly TopicLike[]): Promise<void>;
}

/** What every context has, whatever the server's `context` option adds. */
export interface OperationContext {
  readonly operation: OperationHandle;
}
