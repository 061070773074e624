import type { Event, GapReason } from "../../contract/broker.ts";
import type { QueueBound } from "../../declare/queue.ts";

/** An event without a result yet, or a gap or end, which keeps its place in the order. */
export interface Pending {
  /** Its sequence number within the cohort, from 1. */
  readonly order: number;
  readonly event: Event | undefined;
  readonly gap: GapReason | undefined;
  /** The number of older events with the same key that this event has replaced. */
  readonly replaced: number;
}

/**
 * A FIFO queue of the events that a cohort has yet to execute. It holds references to events, which cohorts share. With
 * the policy `latest`, events beyond the queue's `messages` are conflated by key: an older value need not be executed.
 */
export class Backlog {
  readonly #queue: QueueBound;
  #items: Pending[] = [];
  /** The number of taken items at the front. They are cut off in batches, which makes `take` amortised O(1). */
  #taken = 0;

  constructor(queue: QueueBound) {
    this.#queue = queue;
  }

  get size(): number {
    return this.#items.length - this.#taken;
  }

  /** Appends an item. Returns whether it has replaced an older event. */
  add(pending: Pending): boolean {
    const conflates = this.#queue.overflow === "latest" && this.size >= this.#queue.messages;
    const older = conflates ? this.#takeOlder(pending) : undefined;
    this.#items.push(older ? { ...pending, replaced: older.replaced + 1 } : pending);
    return older !== undefined;
  }

  take(): Pending | undefined {
    const next = this.#items[this.#taken];
    if (!next) return undefined;
    this.#taken += 1;
    if (this.#taken * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#taken);
      this.#taken = 0;
    }
    return next;
  }

  /** Removes and returns all items. */
  clear(): readonly Pending[] {
    const items = this.#items.slice(this.#taken);
    this.#items = [];
    this.#taken = 0;
    return items;
  }

  all(): readonly Pending[] {
    return this.#items.slice(this.#taken);
  }

  /** Removes and returns the waiting event with the same key. */
  #takeOlder({ event }: Pending): Pending | undefined {
    if (!event || event.end) return undefined;
    const key = this.#keyOf(event);
    for (let index = this.#taken; index < this.#items.length; index += 1) {
      const older = this.#items[index];
      if (!older?.event || older.event.end || this.#keyOf(older.event) !== key) continue;
      this.#items.splice(index, 1);
      return older;
    }
    return undefined;
  }

  /** The event's key. For a `key` function that throws, it is unique: the event replaces no other. */
  #keyOf(event: Event): string | number | symbol {
    try {
      return this.#queue.key(event);
    } catch {
      return Symbol(event.id);
    }
  }
}
