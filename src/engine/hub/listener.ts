import type { Event, GapReason } from "../../contract/broker.ts";
import type { Interest } from "./match-index.ts";

/** Who wants the events of some topics. None of its functions throws. */
export interface Listener {
  /** Which events, kept in the hub's index. */
  readonly interest: Interest;
  event(event: Event): void;
  /** The topic's subscriptions are ended for good. */
  end(event: Event): void;
  gap(reason: GapReason): void;
}
