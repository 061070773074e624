import { FanfareError } from "../base/error.ts";
import type { Event } from "../contract/broker.ts";
import type { Overflow, QueueOptions } from "./queue.ts";

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
