import type { Event } from "../../contract/broker.ts";

/** The number of events for which a repeat is recognised. */
const maxRemembered = 1_024;

/** Deduplicates an event that arrives by several topics. It holds no ids for a cohort that listens to one topic. */
export class SeenEvents {
  #last: Event | undefined;
  #ids: Set<string> | undefined;

  /** Whether this event object is the last one: the hub hands it on once per topic, usually in succession. */
  isLast(event: Event): boolean {
    if (event === this.#last) return true;
    this.#last = event;
    return false;
  }

  has({ id }: Event): boolean {
    return this.#ids?.has(id) ?? false;
  }

  add({ id }: Event): void {
    this.#ids ??= new Set();
    this.#ids.add(id);
    const [oldest] = this.#ids;
    if (oldest !== undefined && this.#ids.size > maxRemembered) this.#ids.delete(oldest);
  }

  /** Adds the ids of another cohort, except those of events that have yet to be executed here. */
  adopt(other: SeenEvents, open: ReadonlySet<string | undefined>): void {
    for (const id of other.#ids ?? []) if (!open.has(id)) (this.#ids ??= new Set()).add(id);
  }
}
