import type { OperationDefinitionNode } from "graphql";
import type { Event, TopicName } from "../../contract/broker.ts";
import type { Arguments, Declaration, MaybePromise } from "../../declare/declaration.ts";
import type { OperationRequest } from "../../dialects/message.ts";
import type { Document } from "../document/document.ts";
import type { LentContext } from "../context-guard.ts";
import type { Interest } from "../hub/match-index.ts";
import type { QueueBound } from "../../declare/queue.ts";
import type { Walk } from "../walk/walk.ts";

/** Who may share one result: everybody, those with an equal key, or one session alone. */
export type Audience = "everyone" | "key" | "session";

/** Gives a context for one execution. */
export type ContextSource = () => MaybePromise<unknown>;

/** Whether an event concerns an operation. */
export type EventFilter = (event: Event, context: ContextSource) => MaybePromise<boolean>;

/** Which events a subscription hears, and how they wait: what a cohort has to know of it. */
export interface Hearing {
  /** Undefined for one that nobody shares. */
  readonly key: string | undefined;
  /** The root field's name in the schema. */
  readonly fieldName: string;
  readonly args: Arguments;
  readonly topics: readonly TopicName[];
  readonly interest: Interest;
  readonly filter: EventFilter | undefined;
  /** One event of several topics may be filtered out in one of them and not in another. */
  readonly filtersByTopic: boolean;
  /** Makes the filter of a member that turns out to need its own; undefined where `filter` is right for everybody. */
  readonly filterAlone: (() => EventFilter) | undefined;
  /** Which context `filter` may not look at; undefined where there is none that it could. */
  readonly lent: LentContext | undefined;
  /** Undefined for a field that listens by a trigger. */
  readonly declaration: Declaration | undefined;
  readonly queue: QueueBound;
}

/** A subscription operation, compiled. Operations with an equal key share everything in it. */
export interface Plan extends Hearing {
  readonly audience: Audience;
  /** Why its results are not for everyone; undefined: they are. */
  readonly unshared: string | undefined;
  readonly document: Document;
  readonly operation: OperationDefinitionNode;
  readonly request: OperationRequest;
  /**
   * What the walk and the field's own resolver start from: `value`, the declaration's own resolver has run before
   * execution; `event`, the payload itself, because the resolver belongs to somebody else.
   */
  readonly root: "value" | "event";
  readonly walk: Walk | undefined;
}
