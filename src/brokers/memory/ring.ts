import type { Event } from "../../contract/broker.ts";

const smallest = 4;
const seed = crypto.getRandomValues(new Int32Array(1))[0] ?? 0;

/**
 * Events by offset, counted from 1 without a hole, and by id. It grows and shrinks with what it holds; its length is
 * always a power of two, so that an offset is masked and not divided. Numbers are kept in arrays of their own and ids
 * are found by chains of offsets: both spare an object for each event.
 */
export class Ring {
  #events: (Event | undefined)[] = [];
  #times: number[] = [];
  #hashes: number[] = [];
  /** The newest offset of each bucket of ids, and for each event the one before it in its bucket. */
  #buckets: number[] = [];
  #previous: number[] = [];
  #low = 0;
  #high = 0;

  /** The offset directly before the oldest event. */
  get low(): number {
    return this.#low;
  }

  /** The offset of the newest event. */
  get high(): number {
    return this.#high;
  }

  get size(): number {
    return this.#high - this.#low;
  }

  /** When the oldest event came; Infinity when there is none. */
  get oldestTime(): number {
    return this.size > 0 ? (this.#times[this.#index(this.#low + 1)] ?? Infinity) : Infinity;
  }

  at(offset: number): Event | undefined {
    return offset > this.#low && offset <= this.#high ? this.#events[this.#index(offset)] : undefined;
  }

  /** @param hash of the id, see {@link hashOf}. */
  find(id: string, hash: number): Event | undefined {
    let offset = this.#buckets[this.#index(hash)] ?? 0;
    while (offset > this.#low) {
      const event = this.#events[this.#index(offset)];
      if (event?.id === id) return event;
      offset = this.#previous[this.#index(offset)] ?? 0;
    }
    return undefined;
  }

  append(event: Event, hash: number, time: number): void {
    if (this.size === this.#events.length) this.#resize(Math.max(smallest, this.size * 2));
    this.#high += 1;
    this.#put(this.#high, event, hash, time);
  }

  /** Takes the oldest event out. */
  shift(): Event | undefined {
    if (this.size === 0) return undefined;
    this.#low += 1;
    const index = this.#index(this.#low);
    const event = this.#events[index];
    this.#events[index] = undefined;
    return event;
  }

  /** Gives back the room that is not needed any more. */
  shrink(): void {
    const length = this.#events.length;
    if (this.size === 0) this.#resize(0);
    else if (length > smallest && this.size * 4 <= length) this.#resize(length / 2);
  }

  #index(offset: number): number {
    return offset & (this.#events.length - 1);
  }

  #put(offset: number, event: Event, hash: number, time: number): void {
    const index = this.#index(offset);
    const bucket = this.#index(hash);
    this.#events[index] = event;
    this.#times[index] = time;
    this.#hashes[index] = hash;
    this.#previous[index] = this.#buckets[bucket] ?? 0;
    this.#buckets[bucket] = offset;
  }

  #resize(length: number): void {
    const events = this.#events;
    const times = this.#times;
    const hashes = this.#hashes;
    this.#events = Array.from({ length });
    this.#times = zeros(length);
    this.#hashes = zeros(length);
    this.#buckets = zeros(length);
    this.#previous = zeros(length);
    for (let offset = this.#low + 1; offset <= this.#high; offset += 1) {
      const from = offset & (events.length - 1);
      const event = events[from];
      if (event) this.#put(offset, event, hashes[from] ?? 0, times[from] ?? 0);
    }
  }
}

function zeros(length: number): number[] {
  return Array<number>(length).fill(0);
}

/** FNV-1a with a random start, so that nobody can choose ids that all fall into one bucket. */
export function hashOf(id: string): number {
  let hash = seed;
  for (let index = 0; index < id.length; index += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
  }
  return hash >>> 2;
}
