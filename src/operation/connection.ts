import type { Peer } from "../contract/peer.ts";
import type { Viewer } from "../contract/viewer.ts";
import type { MaybePromise } from "../declare/declaration.ts";
import type { OperationHandle } from "../declare/operation-handle.ts";
import type { MessagePayload, OperationRequest } from "../dialects/message.ts";

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

/** What the `context` option is given. */
export interface ContextInput {
  readonly connection: Connection;
  readonly request: OperationRequest;
  readonly operation: OperationHandle;
}

/** Where an application takes part in a connection's life. All may be async. */
export interface SessionHooks {
  /**
   * Decides about a connection when its client introduces itself. False, or throwing, refuses it with 4403 and the
   * error's message; an object is `connection.connected` from then on.
   */
  readonly onConnect?: (params: MessagePayload, connection: Connection) => MaybePromise<object | boolean | void>;
  /** Before each operation of any kind. Throwing cancels the operation with that error. */
  readonly onOperation?: (request: OperationRequest, connection: Connection) => MaybePromise<void>;
  /** Before each subscription. May return a changed request. Throwing cancels the operation with that error. */
  readonly onSubscribe?: (request: OperationRequest, connection: Connection) => MaybePromise<OperationRequest | void>;
  /** After each subscription that was started, for whatever reason it ended: also when its socket died. */
  readonly onUnsubscribe?: (operation: OperationHandle, connection: Connection) => MaybePromise<void>;
  /** After a connection ended whose `onConnect` had accepted it, and after its operations. */
  readonly onDisconnect?: (connection: Connection, code: number, reason: string) => MaybePromise<void>;
}
