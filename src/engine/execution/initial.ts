import type { Scheduler } from "../../base/scheduler.ts";
import type { Event } from "../../contract/broker.ts";
import type { Declaration, Snapshot } from "../../declare/declaration.ts";
import { SKIP } from "../../declare/skip.ts";
import type { Delivery } from "./delivery.ts";
import type { Executor } from "./executor.ts";
import type { Hearing } from "../plan/plan.ts";

/** The initial value or snapshot of one operation, which goes before its events. */
export interface Initial {
  readonly deliveries: Iterable<Delivery> | AsyncIterable<Delivery>;
  /** Whether the snapshot includes an event, which is then left out; undefined without a snapshot. Never throws. */
  readonly leavesOut: ((event: Event) => boolean) | undefined;
}

/** Whether a declaration has an initial value or snapshot, so that events have to be held back. */
export function hasInitial(declaration: Declaration | undefined): boolean {
  return declaration?.initial !== undefined || declaration?.snapshot !== undefined;
}

/**
 * The initial value or snapshot of one operation. Without either it has no deliveries.
 *
 * @throws the errors of the declaration's functions.
 */
export async function initialOf<Heard extends Hearing>(
  executor: Executor<Heard>,
  plan: Heard,
  context: unknown,
  scheduler: Scheduler,
): Promise<Initial> {
  const snapshot = await plan.declaration?.snapshot?.(plan.args, context);
  if (snapshot) {
    return { deliveries: eventsOf(executor, plan, snapshot, context, scheduler), leavesOut: leavesOut(snapshot) };
  }
  const value = await plan.declaration?.initial?.(plan.args, context);
  const isLeftOut = value === undefined || value === SKIP;
  return { deliveries: isLeftOut ? [] : [await executor.ofValue(plan, value, context)], leavesOut: undefined };
}

/** Whether a snapshot includes an event. If `includes` throws, the event counts as not included. */
function leavesOut(snapshot: Snapshot<unknown>): (event: Event) => boolean {
  return ({ payload }) => {
    try {
      return snapshot.includes(payload);
    } catch {
      return false;
    }
  };
}

/** The deliveries of a snapshot's events. They are executed for one operation alone, with its own context. */
async function* eventsOf<Heard extends Hearing>(
  executor: Executor<Heard>,
  plan: Heard,
  snapshot: Snapshot<unknown>,
  context: unknown,
  scheduler: Scheduler,
): AsyncGenerator<Delivery> {
  for await (const payload of snapshot.events) {
    // Rows in memory are there at once: without a pause their loop would stay in the queue of microtasks.
    const time = scheduler.whenTime("low");
    if (time) await time;
    const outcome = await executor.runAlone(plan, snapshotEvent(plan, payload), () => context);
    if (outcome && !("broken" in outcome)) yield outcome;
  }
}

/** A row of a snapshot as an event. It has no position, since it is not published in its topic. */
function snapshotEvent({ topics: [topic = ""] }: Hearing, payload: unknown): Event {
  return { topic, id: "snapshot", time: 0, position: "", payload };
}
