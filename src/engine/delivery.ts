import type { Event } from "../contract/broker.ts";

/** One result of an event, encoded once for everybody who gets it. */
export interface Delivery {
  /** Undefined for a result that no event caused, such as an initial value. */
  readonly event: Event | undefined;
  /** The result as JSON. */
  readonly bytes: Uint8Array;
}
