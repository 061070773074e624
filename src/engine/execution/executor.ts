import type { FanfareError } from "../../base/error.ts";
import type { Event } from "../../contract/broker.ts";
import type { Log } from "../../contract/log.ts";
import { consents } from "../../declare/consent.ts";
import type { MaybePromise } from "../../declare/declaration.ts";
import type { ContextSource, Hearing } from "../plan/plan.ts";
import type { Delivery } from "./delivery.ts";
import { placeOf } from "./place.ts";

/** The outcome of a shared execution that read the context: it has no result, and its plan must not be shared again. */
export interface BrokenSharing {
  readonly broken: FanfareError;
}

/** The outcome of executing an event. Undefined: there is no result to send. */
export type Outcome = Delivery | BrokenSharing | undefined;

/** Makes GraphQL results of events, or values for another executor. No function throws or rejects. */
export interface Executor<Heard extends Hearing> {
  /**
   * Executes a plan for an event. The outcome is a promise only if the plan's filter, resolvers or context are async. A
   * filter that throws, or answers anything but true, excludes the event; a resolver that throws makes a result with
   * errors.
   *
   * @param context returns a fresh context of a member. It is not called for a plan that everyone shares.
   */
  run(plan: Heard, event: Event, context: ContextSource): MaybePromise<Outcome>;
  /** Executes for one operation alone, even if the plan's results of published events are shared. */
  runAlone(plan: Heard, event: Event, context: ContextSource): MaybePromise<Outcome>;
  /** Executes for an initial value, which has no event. */
  ofValue(plan: Heard, value: unknown, context: unknown): MaybePromise<Delivery>;
}

/** Whether a filter's answer lets an event through: only `true` does. */
export function passes(answer: unknown, plan: Hearing, event: Event, log: Log): boolean {
  if (typeof answer === "boolean") return answer;
  return consents(answer, log, "A filter", "its event was not delivered", { ...placeOf(plan, event) });
}
