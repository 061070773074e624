import type { TopicLike } from "../declare/topic.ts";
import type { Cohort } from "./cohort.ts";
import type { Plan } from "./plan.ts";

/** A subscription that was started for one member, wherever its events come from. */
export interface RunningSubscription {
  readonly plan: Plan;
  /** Undefined for a subscription that is in no cohort. */
  readonly cohort: string | undefined;
  /** Resolves when every event that is published from then on will be heard. Rejects with BROKER_UNAVAILABLE. */
  readonly live: Promise<void>;
  /** Begins to read a source that has to be asked for its events. Call it once, after the subscription was confirmed. */
  start(): void;
  join(topics: readonly TopicLike[]): Promise<void>;
  leave(topics: readonly TopicLike[]): Promise<void>;
  moved(cohort: Cohort): void;
  /** Stops listening at once. Calling it again does nothing. */
  end(): void;
}
