import { blamed, blaming } from "../../base/blame.ts";
import { FanfareError } from "../../base/error.ts";
import type { Scheduler } from "../../base/scheduler.ts";
import { isPromise, silence } from "../../base/thenable.ts";
import type { Event } from "../../contract/broker.ts";
import type { Log } from "../../contract/log.ts";
import { consents } from "../../declare/consent.ts";
import type { Declaration, Snapshot } from "../../declare/declaration.ts";
import { SKIP } from "../../declare/skip.ts";
import type { Delivery } from "./delivery.ts";
import { placeOf } from "./place.ts";
import type { Executor } from "./executor.ts";
import type { SnapshotSlot, SnapshotSlots } from "./snapshot-slots.ts";
import type { Hearing } from "../plan/plan.ts";

/** The initial value or snapshot of one operation, which goes before its events. */
export interface Initial {
  readonly deliveries: Iterable<Delivery> | AsyncIterable<Delivery>;
  /** Whether the snapshot includes an event, which is then left out; undefined without a snapshot. Never throws. */
  readonly leavesOut: ((event: Event) => boolean) | undefined;
}

/** What reading an initial value or snapshot needs. */
export interface InitialTools {
  readonly log: Log;
  readonly scheduler: Scheduler;
  readonly slots: SnapshotSlots;
}

/** The operation that an initial value or snapshot is for. */
export interface InitialReader {
  readonly ended: boolean;
}

const none: Initial = { deliveries: [], leavesOut: undefined };

/** Whether a declaration has an initial value or snapshot, so that events have to be held back. */
export function hasInitial(declaration: Declaration | undefined): boolean {
  return declaration?.initial !== undefined || declaration?.snapshot !== undefined;
}

/**
 * The initial value or snapshot of one operation. Without either it has no deliveries, and neither if the operation
 * ends while it waits for its turn.
 *
 * @throws the errors of the declaration's functions.
 */
export async function initialOf<Heard extends Hearing>(
  executor: Executor<Heard>,
  plan: Heard,
  context: unknown,
  reader: InitialReader,
  tools: InitialTools,
): Promise<Initial> {
  const { args, declaration } = plan;
  if (declaration?.snapshot) {
    const snapshot = await snapshotOf(executor, plan, context, reader, tools);
    if (snapshot) return snapshot;
  }
  const { field } = placeOf(plan);
  const value = await blaming("initial", field, () => declaration?.initial?.(args, context));
  const isLeftOut = value === undefined || value === SKIP;
  return isLeftOut ? none : { deliveries: [await executor.ofValue(plan, value, context)], leavesOut: undefined };
}

/** The snapshot of one operation, when its turn has come; undefined if the declaration's function answers with none. */
async function snapshotOf<Heard extends Hearing>(
  executor: Executor<Heard>,
  plan: Heard,
  context: unknown,
  reader: InitialReader,
  tools: InitialTools,
): Promise<Initial | undefined> {
  const { args, declaration } = plan;
  const { field } = placeOf(plan);
  using stack = new DisposableStack();
  const slot = stack.use(await tools.slots.take());
  if (reader.ended) return none;
  const snapshot = await blaming("snapshot", field, () => declaration?.snapshot?.(args, context));
  if (!snapshot) return undefined;
  assertReadable(snapshot, plan);
  // From here on, the generator holds the slot.
  stack.move();
  return {
    deliveries: eventsOf(executor, plan, snapshot, context, { ...tools, slot }),
    leavesOut: leavesOut(snapshot, plan, tools.log),
  };
}

/** @throws FanfareError BAD_DECLARATION for a promise in the place of a snapshot's events. */
function assertReadable({ events }: Snapshot<unknown>, plan: Hearing): void {
  if (!isPromise(events)) return;
  silence(events);
  const { field } = placeOf(plan);
  const what = `\`events\` of the snapshot of ${field ?? "a declared field"}`;
  throw blamed(new FanfareError("BAD_DECLARATION", `${what} must be iterable, not a promise`), "snapshot", field);
}

/**
 * Whether a snapshot includes an event. With an answer but true, or if `includes` throws, the event counts as not
 * included: a repeat does less harm than a loss.
 */
function leavesOut(snapshot: Snapshot<unknown>, plan: Hearing, log: Log): (event: Event) => boolean {
  return (event) => {
    try {
      const included: unknown = snapshot.includes(event.payload);
      if (typeof included === "boolean") return included;
      const place = { ...placeOf(plan, event) };
      return consents(included, log, "`includes` of a snapshot", "its event was delivered", place);
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
  { scheduler, slot }: InitialTools & { readonly slot: SnapshotSlot },
): AsyncGenerator<Delivery> {
  try {
    for await (const payload of snapshot.events) {
      slot.hasMoved = true;
      // Rows in memory are there at once: without a pause their loop would stay in the queue of microtasks.
      const time = scheduler.whenTime("low");
      if (time) await waiting(slot, time);
      const outcome = await executor.runAlone(plan, snapshotEvent(plan, payload), () => context);
      if (outcome && !("broken" in outcome)) yield outcome;
    }
  } catch (error) {
    throw blamed(error, "snapshot", placeOf(plan).field);
  } finally {
    slot[Symbol.dispose]();
  }
}

async function waiting(slot: SnapshotSlot, time: Promise<void>): Promise<void> {
  slot.waitsForTime = true;
  await time;
  slot.waitsForTime = false;
}

/** A row of a snapshot as an event. It has no position, since it is not published in its topic. */
function snapshotEvent({ topics: [topic = ""] }: Hearing, payload: unknown): Event {
  return { topic, id: "snapshot", time: 0, position: "", payload };
}
