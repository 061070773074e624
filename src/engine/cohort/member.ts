import type { GraphQLError } from "graphql";
import type { GapReason, Position } from "../../contract/broker.ts";
import type { MaybePromise } from "../../declare/declaration.ts";
import type { TopicLike } from "../../declare/topic.ts";
import type { Delivery } from "../execution/delivery.ts";
import type { Hearing, Plan } from "../plan/plan.ts";

/** One operation in a cohort, as the cohort sees it. None of these functions throws. */
export interface Member {
  /** Takes results, in order. They are references to shared bytes: never to be changed. */
  deliver(deliveries: readonly Delivery[]): void;
  /** Events were lost that cannot be had any more. Told before anything that is delivered later. */
  gap(reason: GapReason): void;
  /** The server ends the operation, after what was delivered. */
  complete(): void;
  /** The operation cannot go on. */
  fail(errors: readonly GraphQLError[]): void;
  /** Events were replaced by newer ones of the same key before they were executed. */
  conflated(count: number): void;
  /** A source that cannot wait has given more than may wait for the client. */
  overflow(): void;
  /** More events wait for their execution than may: those are lost, and a gap is told after this. */
  overloaded(): void;
  /**
   * For sources that can wait. Resolves when it is worth asking again whether the queue has room, for this delivery or
   * for any; undefined while it has.
   */
  whenReady(delivery?: Delivery): Promise<void> | undefined;
  /** Undefined unless half of the queue is in use; then resolves when the client has taken something of it. */
  whenTaken(): Promise<void> | undefined;
  /** A fresh context for one execution that is this member's alone. */
  context(): MaybePromise<unknown>;
}

/** A subscription that was started for one member, wherever its events come from. */
export interface RunningSubscription<Heard extends Hearing = Plan> {
  readonly plan: Heard;
  /** Undefined for a subscription that is in no cohort. */
  readonly cohort: string | undefined;
  /**
   * Resolves when every event that is published from then on will be heard, with the position of each of the plan's
   * topics up to which nothing will be; none where there are no topics. Rejects with BROKER_UNAVAILABLE.
   */
  readonly live: Promise<readonly Position[]>;
  /** Begins to read a source that has to be asked for its events. Call it once, after the subscription was confirmed. */
  start(): void;
  join(topics: readonly TopicLike[]): Promise<void>;
  leave(topics: readonly TopicLike[]): Promise<void>;
  /** Stops listening at once. Calling it again does nothing. */
  end(): void;
}
