import type { GraphQLError } from "graphql";
import type { Event, GapReason } from "../contract/broker.ts";
import type { MaybePromise } from "../declare/declaration.ts";
import type { Cohort } from "./cohort.ts";
import type { Delivery } from "./delivery.ts";
import type { RunningSubscription } from "./running-subscription.ts";

/** One operation in a cohort, as the cohort sees it. None of these functions throws. */
export interface Member {
  /** Called once, before anything else: what the member may now wait for, start and end. */
  subscribed(running: RunningSubscription): void;
  /** Takes results, in order. They are references to shared bytes: never to be changed. */
  deliver(deliveries: readonly Delivery[]): void;
  /** Another cohort serves this member from now on. */
  moved(cohort: Cohort): void;
  /** Events were lost that cannot be had any more. Told before anything that is delivered later. */
  gap(reason: GapReason): void;
  /** The server ends the operation, after what was delivered. */
  complete(): void;
  /** The operation cannot go on. */
  fail(errors: readonly GraphQLError[]): void;
  /** More events wait for their execution than the operation's queue may hold. */
  overflow(event: Event | undefined): void;
  /**
   * For sources that can wait. Resolves when it is worth asking again whether the queue has room, for this delivery or
   * for any; undefined while it has.
   */
  whenReady(delivery?: Delivery): Promise<void> | undefined;
  /** A fresh context for one execution that is this member's alone. */
  context(): MaybePromise<unknown>;
}
