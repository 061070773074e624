import type { Event, GapReason } from "../contract/broker.ts";
import type { Match } from "./match-index.ts";

/** Who wants the events of some topics. None of its functions throws. */
export interface Listener {
  /** Conditions on the payload, kept in the hub's index; undefined wants every event. */
  readonly match: Match | undefined;
  event(event: Event): void;
  /** The topic's subscriptions are ended for good. */
  end(event: Event): void;
  gap(reason: GapReason): void;
}
