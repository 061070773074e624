import type { Log } from "../contract/log.ts";
import type { Delivery } from "../engine/execution/delivery.ts";
import type { Outbox } from "./outbox.ts";
import type { Queue } from "./queue.ts";

/**
 * The outcome of an overflow policy. `room`: a result was dropped, check again. `refused`: the new result has to be
 * dropped. `disconnect`: the connection has to be closed.
 */
export type Relief = "room" | "refused" | "disconnect";

/** Applies the overflow policy of `victim`, whose results are in `outbox`, to make room for `delivery` of `queue`. */
export function relieve(outbox: Outbox<Queue>, victim: Queue, queue: Queue, delivery: Delivery, log: Log): Relief {
  switch (victim.bound.overflow) {
    case "disconnect":
      return "disconnect";
    case "latest":
      return victim === queue && conflate(outbox, victim, delivery, log) ? "room" : dropOldest(outbox, victim);
    case "drop-oldest":
      return dropOldest(outbox, victim);
    case "drop-newest":
      victim.gap("overflow");
      return victim !== queue && outbox.dropNewest(victim) ? "room" : "refused";
  }
}

function conflate(outbox: Outbox<Queue>, victim: Queue, next: Delivery, log: Log): boolean {
  try {
    const dropped = outbox.conflate(victim, ({ event }) => (event ? victim.bound.key(event) : ""), next);
    victim.conflated(dropped);
    return dropped > 0;
  } catch (error) {
    log.error("The `key` of a queue failed; its oldest result was dropped", { operation: victim.id, error });
    return false;
  }
}

function dropOldest(outbox: Outbox<Queue>, victim: Queue): Relief {
  victim.gap("overflow", 0);
  return outbox.dropOldest(victim) ? "room" : "refused";
}
