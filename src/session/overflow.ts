import type { GapReason } from "../contract/broker.ts";
import type { Log } from "../contract/log.ts";
import type { Delivery } from "../engine/execution/delivery.ts";
import type { QueueBound } from "../declare/queue.ts";
import type { Outbox, OutboxOwner } from "./outbox.ts";

/** Whose queue has a policy, and who has to be told what it did. */
export interface BoundedOwner extends OutboxOwner {
  readonly name: string | undefined;
  readonly queue: QueueBound;
  /** @param behind how many of the results that wait come before the hole; all of them by default. */
  gap(reason: GapReason, behind?: number): void;
  conflated(count: number): void;
}

/** What a policy came to: there is more `room`; the result that asked for room is `refused`; or nothing but to part. */
export type Relief = "room" | "refused" | "disconnect";

/** Applies the policy of `victim`, whose results wait in `outbox`, so that `delivery` fits for `operation`. */
export function relieve<Owner extends BoundedOwner>(
  outbox: Outbox<Owner>,
  victim: Owner,
  operation: Owner,
  delivery: Delivery,
  log: Log,
): Relief {
  switch (victim.queue.overflow) {
    case "disconnect":
      return "disconnect";
    case "latest":
      return victim === operation && conflate(outbox, victim, delivery, log) ? "room" : dropOldest(outbox, victim);
    case "drop-oldest":
      return dropOldest(outbox, victim);
    case "drop-newest":
      victim.gap("overflow");
      return victim !== operation && outbox.dropNewest(victim) ? "room" : "refused";
  }
}

function conflate<Owner extends BoundedOwner>(outbox: Outbox<Owner>, victim: Owner, next: Delivery, log: Log): boolean {
  try {
    const dropped = outbox.conflate(victim, ({ event }) => (event ? victim.queue.key(event) : ""), next);
    victim.conflated(dropped);
    return dropped > 0;
  } catch (error) {
    log.error("The `key` of a queue failed; its oldest result was dropped", { operation: victim.name, error });
    return false;
  }
}

function dropOldest<Owner extends BoundedOwner>(outbox: Outbox<Owner>, victim: Owner): Relief {
  victim.gap("overflow", 0);
  return outbox.dropOldest(victim) ? "room" : "refused";
}
