import type { Event } from "../../contract/broker.ts";
import type { Declaration, Snapshot } from "../../declare/declaration.ts";
import { SKIP } from "../../declare/skip.ts";
import type { Delivery } from "./delivery.ts";
import type { Executor } from "./executor.ts";
import type { Hearing } from "../plan/plan.ts";

/** What goes before the events of one operation. */
export interface Initial {
  readonly deliveries: Iterable<Delivery> | AsyncIterable<Delivery>;
  /** Whether an event is left out, because it is told already. Never throws. */
  readonly leavesOut: ((event: Event) => boolean) | undefined;
}

/** Whether something goes before the events, so that they have to wait. */
export function hasInitial(declaration: Declaration | undefined): boolean {
  return declaration?.initial !== undefined || declaration?.snapshot !== undefined;
}

/** Throws what the declaration's own functions throw. */
export async function initialOf<Heard extends Hearing>(
  executor: Executor<Heard>,
  plan: Heard,
  context: unknown,
): Promise<Initial> {
  const snapshot = await plan.declaration?.snapshot?.(plan.args, context);
  if (snapshot) return { deliveries: eventsOf(executor, plan, snapshot, context), leavesOut: leavesOut(snapshot) };
  const value = await plan.declaration?.initial?.(plan.args, context);
  const isLeftOut = value === undefined || value === SKIP;
  return { deliveries: isLeftOut ? [] : [await executor.ofValue(plan, value, context)], leavesOut: undefined };
}

/** Whether a snapshot shows an event already; one that fails to say so leaves nothing out. */
function leavesOut(snapshot: Snapshot<unknown>): (event: Event) => boolean {
  return ({ payload }) => {
    try {
      return snapshot.includes(payload);
    } catch {
      return false;
    }
  };
}

/** Each is one operation's alone, whoever may share what is published. */
async function* eventsOf<Heard extends Hearing>(
  executor: Executor<Heard>,
  plan: Heard,
  snapshot: Snapshot<unknown>,
  context: unknown,
): AsyncGenerator<Delivery> {
  for await (const payload of snapshot.events) {
    const outcome = await executor.runAlone(plan, snapshotEvent(plan, payload), () => context);
    if (outcome && !("broken" in outcome)) yield outcome;
  }
}

/** It has no place among the events of its topic, and nobody publishes it. */
function snapshotEvent({ topics: [topic = ""] }: Hearing, payload: unknown): Event {
  return { topic, id: "snapshot", time: 0, position: "", payload };
}
