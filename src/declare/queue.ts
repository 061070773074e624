import { valueKind } from "../base/value-kind.ts";
import { FanfareError } from "../base/error.ts";
import { aFunction, aNumber, oneOf, optionsOf, type Rule, type RulesOf } from "../base/rule.ts";
import { silence } from "../base/thenable.ts";
import type { Event } from "../contract/broker.ts";

/** What happens to an operation of a slow client when its queue is full (back-pressure). */
export type Overflow =
  /** Closes the connection with 4413, after which stock clients reconnect. The default. */
  | "disconnect"
  /** Conflation: keeps the newest result of each `key`, without a key the newest of all, and marks it as conflated. */
  | "latest"
  /** Drops the oldest waiting result and tells the gap. */
  | "drop-oldest"
  /** Drops the newest result and tells the gap. */
  | "drop-newest";

/** The bounds of an operation's queue: the results that wait for a slow client. */
export interface QueueOptions {
  /**
   * The number of results that may wait, at least 1. Default 256. 1 with `latest`: only the current state. Infinity: no
   * bound but that of `bytes`.
   */
  readonly messages?: number;
  /** The number of bytes that may wait, at least 1. Default 262,144. A larger result still passes an empty queue. */
  readonly bytes?: number;
  /** Default `disconnect`. */
  readonly overflow?: Overflow;
  /**
   * For `latest`: a result replaces a waiting one whose event has the same key. Default: one key for all events, so that
   * a slow client gets only the newest of all when the queue is full. Name what an event is about, such as a row's id,
   * unless the field has one state in all.
   */
  readonly key?: (event: never) => string | number;
}

/** The bounds of a queue, with defaults applied. */
export interface QueueBound {
  readonly messages: number;
  readonly bytes: number;
  readonly overflow: Overflow;
  readonly key: (event: Event) => string | number;
}

interface ErasedQueueOptions extends Omit<QueueOptions, "key"> {
  key?(this: void, payload: unknown): string | number;
}

const policies = ["disconnect", "latest", "drop-oldest", "drop-newest"] as const satisfies Overflow[];

const rules: RulesOf<QueueOptions> = {
  messages: aNumber(1),
  bytes: aNumber(1),
  overflow: oneOf(...policies),
  key: aFunction(),
};

/** {@link QueueOptions}. */
export const aQueue: Rule = optionsOf(rules);

/** @throws FanfareError BAD_OPTION for a bound below 1 or an unknown policy. */
export function queueBound(options: ErasedQueueOptions = {}): QueueBound {
  const problem = aQueue("queue", options);
  if (problem !== undefined) throw new FanfareError("BAD_OPTION", problem);
  const { messages = 256, bytes = 262_144, overflow = "disconnect", key } = options;
  return { messages, bytes, overflow, key: key ? (event) => keyOf(key(event.payload)) : () => "" };
}

/** @throws FanfareError BAD_OPTION unless the answer of the option `key` is a string or a number. */
function keyOf(answer: unknown): string | number {
  if (typeof answer === "string" || typeof answer === "number") return answer;
  silence(answer);
  throw new FanfareError(
    "BAD_OPTION",
    `queue.key must answer with a string or a number, not with ${valueKind(answer)}`,
  );
}
