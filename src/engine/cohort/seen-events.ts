import type { Event } from "../../contract/broker.ts";
import { payloadDigest } from "./payload-digest.ts";

/** The number of events for which a repeat is recognised. */
const maxRemembered = 1_024;

/** Deduplicates an event that arrives by several topics. */
export class SeenEvents {
  #keys = new Set<string>();

  has(event: Event): boolean {
    return this.#keys.has(keyOf(event));
  }

  add(event: Event): void {
    this.#keys.add(keyOf(event));
    const [oldest] = this.#keys;
    if (oldest !== undefined && this.#keys.size > maxRemembered) this.#keys.delete(oldest);
  }

  /** Takes over the events of another cohort, except those that have yet to be executed here. */
  adopt(other: SeenEvents, open: readonly Event[]): void {
    const left = new Set(other.#keys);
    for (const event of open) left.delete(keyOf(event));
    this.#keys = new Set([...this.#keys, ...left]);
  }
}

/** Equal for one event in two topics. One id with two payloads is two events: ids are unique within a topic only. */
function keyOf({ id, payload }: Event): string {
  return `${id} ${payloadDigest(payload)}`;
}
