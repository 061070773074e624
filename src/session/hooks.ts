import type { MaybePromise } from "../declare/declaration.ts";
import type { OperationHandle } from "../declare/operation-handle.ts";
import type { MessagePayload, OperationRequest } from "../dialects/message.ts";
import type { Connection } from "./connection.ts";

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
