import { FanfareError } from "../base/error.ts";
import type { Event } from "../contract/broker.ts";

/** What happens to an operation whose queue is full. */
export type Overflow =
  /** Ends the connection with 4413; stock clients come back. The default. */
  | "disconnect"
  /** Keeps the newest value of each key and marks that others were left out. */
  | "latest"
  /** Drops what waited longest and tells the gap. */
  | "drop-oldest"
  /** Drops what comes last and tells the gap. */
  | "drop-newest";

/** The bound of what may wait for one operation of a slow client. */
export interface QueueOptions {
  /** Results that may wait. Default 256. 1 with `latest` means the current state only. Infinity: only bytes count. */
  readonly messages?: number;
  /** Bytes that may wait. Default 262,144. One result that alone is larger still passes an empty queue. */
  readonly bytes?: number;
  /** Default `disconnect`. */
  readonly overflow?: Overflow;
  /** For `latest`: events with an equal key replace each other. Without it all events of an operation do. */
  readonly key?: (event: never) => string | number;
}

/** A queue's bound with every default filled in. */
export interface QueueBound {
  readonly messages: number;
  readonly bytes: number;
  readonly overflow: Overflow;
  readonly key: (event: Event) => string | number;
}

interface ErasedQueueOptions extends Omit<QueueOptions, "key"> {
  key?(this: void, payload: unknown): string | number;
}

const policies: readonly string[] = ["disconnect", "latest", "drop-oldest", "drop-newest"] satisfies Overflow[];

/** @throws FanfareError BAD_OPTION for a bound that is not positive, or an unknown policy. */
export function queueBound(options: ErasedQueueOptions = {}): QueueBound {
  const { messages = 256, bytes = 262_144, overflow = "disconnect", key } = options;
  if (!(messages >= 1)) throw new FanfareError("BAD_OPTION", `queue.messages is ${messages}; it must be at least 1`);
  if (!(bytes >= 1)) throw new FanfareError("BAD_OPTION", `queue.bytes is ${bytes}; it must be at least 1`);
  if (!policies.includes(overflow)) {
    throw new FanfareError("BAD_OPTION", `queue.overflow is ${overflow}; it must be one of ${policies.join(", ")}`);
  }
  return { messages, bytes, overflow, key: key ? (event) => key(event.payload) : () => "" };
}
