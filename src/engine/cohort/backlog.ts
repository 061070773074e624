import type { Event, GapReason } from "../../contract/broker.ts";
import type { QueueBound } from "../../declare/queue.ts";

/** An event that has no result yet, or a gap, which has its place among them. */
export interface Pending {
  /** Which one of its cohort it is, counted from 1. */
  readonly order: number;
  readonly event: Event | undefined;
  readonly gap: GapReason | undefined;
  /** How many older events of the same key it has taken the place of. */
  readonly replaced: number;
}

/**
 * What a cohort still has to execute, in order. Holds references: whoever hears an event has the same one. With the policy
 * `latest`, more than the queue's `messages` are conflated by key, since nobody needs an older value executed.
 */
export class Backlog {
  readonly #queue: QueueBound;
  #items: Pending[] = [];
  /** Taken already; cut off from time to time, so that taking does not move what waits. */
  #taken = 0;

  constructor(queue: QueueBound) {
    this.#queue = queue;
  }

  get size(): number {
    return this.#items.length - this.#taken;
  }

  /** Adds to the end. Answers whether it takes the place of an older event. */
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

  /** Takes everything. */
  clear(): readonly Pending[] {
    const items = this.#items.slice(this.#taken);
    this.#items = [];
    this.#taken = 0;
    return items;
  }

  all(): readonly Pending[] {
    return this.#items.slice(this.#taken);
  }

  /** The event of the same key that waits. */
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

  /** A `key` that throws finds no event to replace. */
  #keyOf(event: Event): string | number | symbol {
    try {
      return this.#queue.key(event);
    } catch {
      return Symbol(event.id);
    }
  }
}
