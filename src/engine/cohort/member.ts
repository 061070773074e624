import type { GraphQLError } from "graphql";
import type { GapReason, Position } from "../../contract/broker.ts";
import type { MaybePromise } from "../../declare/declaration.ts";
import type { TopicLike } from "../../declare/topic.ts";
import type { Delivery } from "../execution/delivery.ts";
import type { Hearing, Plan } from "../plan/plan.ts";

/** An operation, as its cohort sees it. No function throws. */
export interface Member {
  /** Takes results, in order. Their bytes are shared with other members: never change them. */
  deliver(deliveries: readonly Delivery[]): void;
  /** Called when events are lost for good, before any later result. */
  gap(reason: GapReason): void;
  /** Ends the operation, after the results delivered so far. */
  complete(): void;
  /** Ends the operation with errors. */
  fail(errors: readonly GraphQLError[]): void;
  /** Called when events were conflated: replaced by newer events with the same key before they were executed. */
  conflated(count: number): void;
  /** Called when a foreign source without back-pressure has more values waiting than the queue may hold. */
  overflow(): void;
  /** Called when the backlog is over its bound and was dropped; a gap follows. */
  overloaded(): void;
  /**
   * Back-pressure for sources that can be paused. Undefined while the queue has room for `delivery`, or for any without
   * one. Otherwise a promise that resolves when the queue has shrunk; call it again then.
   */
  whenReady(delivery?: Delivery): Promise<void> | undefined;
  /** Undefined while less than half of the queue is in use. Otherwise resolves when the client has taken a message. */
  whenTaken(): Promise<void> | undefined;
  /** A fresh context for one execution. */
  context(): MaybePromise<unknown>;
}

/** A running subscription of one member, from topics or from a foreign source. */
export interface RunningSubscription<Heard extends Hearing = Plan> {
  readonly plan: Heard;
  /** The cohort's id; undefined for a foreign source. */
  readonly cohort: string | undefined;
  /**
   * Resolves when every event that is published from then on will be heard, with a position for each of the plan's
   * topics: events up to it are not heard. A foreign source has no positions. Rejects with FanfareError
   * BROKER_UNAVAILABLE.
   */
  readonly live: Promise<readonly Position[]>;
  /** Begins to read a foreign source, which is pull-based. Call it once, after the subscription was confirmed. */
  start(): void;
  join(topics: readonly TopicLike[]): Promise<void>;
  leave(topics: readonly TopicLike[]): Promise<void>;
  /** Stops listening at once. Calling it again does nothing. */
  end(): void;
}
