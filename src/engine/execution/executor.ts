import type { FanfareError } from "../../base/error.ts";
import type { Event } from "../../contract/broker.ts";
import type { MaybePromise } from "../../declare/declaration.ts";
import type { ContextSource, Hearing } from "../plan/plan.ts";
import type { Delivery } from "./delivery.ts";

/** A shared execution looked at the viewer: its result is worthless, and so is the proof that it could be shared. */
export interface BrokenSharing {
  readonly broken: FanfareError;
}

/** What executing one event gave. `undefined`: nothing is to be sent. */
export type Outcome = Delivery | BrokenSharing | undefined;

/** Makes results of events: GraphQL results, or values for another executor. None of its functions throws or rejects. */
export interface Executor<Heard extends Hearing> {
  /**
   * The outcome is a promise only if the plan's filter, resolvers or context are async. A filter that fails hides its
   * event, a resolver that fails gives a result with errors.
   *
   * @param context the fresh context of the one whose execution this is; not called for a plan that everyone shares.
   */
  run(plan: Heard, event: Event, context: ContextSource): MaybePromise<Outcome>;
  /** The same for one operation alone, whoever may share what is published. */
  runAlone(plan: Heard, event: Event, context: ContextSource): MaybePromise<Outcome>;
  /** Executes for a value that no event brought, such as an initial value. */
  ofValue(plan: Heard, value: unknown, context: unknown): MaybePromise<Delivery>;
}
