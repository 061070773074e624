import type { Deadlines } from "../base/deadlines.ts";
import type { Log } from "../contract/log.ts";
import type { MaybePromise } from "../declare/declaration.ts";
import type { OperationHandle } from "../declare/operation-handle.ts";
import type { OperationRequest } from "../dialects/message.ts";
import type { Engine } from "../engine/engine.ts";
import type { ErrorFormatter } from "../engine/execution/error-format.ts";
import type { Connection, SessionHooks } from "./connection.ts";

/** The memory of requests by HTTP while they are answered. */
export interface DetachedBudget {
  /** Takes bytes for a request. Returns false, having taken nothing, if there are not enough. */
  takeDetached(bytes: number): boolean;
  giveDetached(bytes: number): void;
}

/** The parts and options that all operations of a server have in common. */
export interface OperationHost {
  readonly engine: Engine;
  readonly log: Log;
  readonly hooks: SessionHooks;
  readonly requests: DetachedBudget;
  readonly formatError: ErrorFormatter;
  /** `strict`: a client's messages are handled one at a time, each to its end. */
  readonly ordering: "concurrent" | "strict";
  /** Milliseconds of starting or executing after which an operation is logged as slow. Infinity: never. */
  readonly warnAfter: number;
  /** Deadlines, of `warnAfter`, of the operations that are being started or executed. */
  readonly slow: Deadlines;
  /** A fresh context for one execution. */
  contextOf(connection: Connection, request: OperationRequest, operation: OperationHandle): MaybePromise<unknown>;
}
