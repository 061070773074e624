import type { Event, GapReason } from "../../contract/broker.ts";
import type { Interest } from "./match-index.ts";

/** A listener to the events of topics: a cohort. No function throws. */
export interface Listener {
  /** Selects the events. It must not change, since the hub's index holds it. */
  readonly interest: Interest;
  event(event: Event): void;
  /** Called when the end of a topic's subscriptions is published. */
  end(event: Event): void;
  /** Called when events of a topic are lost for good. */
  gap(reason: GapReason): void;
}
