import { aFunction, type RulesOf } from "../base/rule.ts";
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
  /** The object that `onConnect` returned; undefined before it, and for HTTP. */
  readonly connected: object | undefined;
  readonly viewer: Viewer | undefined;
  /**
   * Closes the connection. The reason is cut to 123 bytes of UTF-8. Does nothing for HTTP.
   *
   * @param code of the close frame (PROTOCOL 5.2). Default: 4401, on which stock clients give up. On 1000 the client of
   * graphql-ws connects again at once and without end; on 1012 it does so after a while.
   */
  close(code?: number, reason?: string): void;
}

/** The argument of the `context` option. */
export interface ContextInput {
  readonly connection: Connection;
  readonly request: OperationRequest;
  readonly operation: OperationHandle;
}

/** An application's hooks in the life of a connection. All may be async. */
export interface SessionHooks {
  /**
   * Called with a client's init message. Returning nothing, true or an object accepts the connection. Returning false, or
   * throwing, refuses it with 4403; the reason is the message of a GraphQLError, and the code's own reason otherwise. Any
   * other value, such as null, refuses it as well, and is logged.
   *
   * A returned object becomes `connection.connected`. Its property `acknowledge` is an object that the client gets as the
   * payload of the acknowledgement, where the dialect has one; the connection is refused if it has no JSON form.
   */
  readonly onConnect?: (
    params: MessagePayload,
    connection: Connection,
  ) => MaybePromise<(object & { readonly acknowledge?: MessagePayload }) | boolean | void>;
  /**
   * Called before each operation of any kind, and before its document is parsed. May return a changed request, such as
   * one with a persisted document in place of an empty `query`. An error that it throws ends the operation.
   */
  readonly onOperation?: (request: OperationRequest, connection: Connection) => MaybePromise<OperationRequest | void>;
  /** Called before each subscription that is valid. May return a changed request. An error that it throws ends the operation. */
  readonly onSubscribe?: (request: OperationRequest, connection: Connection) => MaybePromise<OperationRequest | void>;
  /** Called after the end of each subscription that was started, for any reason: also when its socket closed. */
  readonly onUnsubscribe?: (operation: OperationHandle, connection: Connection) => MaybePromise<void>;
  /** Called after the end of a connection that `onConnect` had accepted, and after that of its operations. */
  readonly onDisconnect?: (connection: Connection, code: number, reason: string) => MaybePromise<void>;
}

/** The rules of {@link SessionHooks}. */
export const hookRules: RulesOf<SessionHooks> = {
  onConnect: aFunction(),
  onOperation: aFunction(),
  onSubscribe: aFunction(),
  onUnsubscribe: aFunction(),
  onDisconnect: aFunction(),
};
