import type { Event } from "../../contract/broker.ts";

/** How many events back a repeat is recognised. */
const maxRemembered = 1_024;

/** Recognises an event that comes by several topics. Holds nothing for a cohort that listens to one. */
export class SeenEvents {
  #last: Event | undefined;
  #ids: Set<string> | undefined;

  /** Whether this very event came last: it is handed over once for each of its topics, one after the other. */
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

  /** Knows what another one knew, but for events that are still to come here. */
  adopt(other: SeenEvents, open: ReadonlySet<string | undefined>): void {
    for (const id of other.#ids ?? []) if (!open.has(id)) (this.#ids ??= new Set()).add(id);
  }
}
