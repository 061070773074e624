import type { Event } from "../../contract/broker.ts";

const smallest = 4;
const seed = crypto.getRandomValues(new Int32Array(1))[0] ?? 0;

/** The numbers of a slot, beside its event. */
const time = 0;
const hashed = 1;
/** The offset of the previous event in the same bucket: the hash table's chain. */
const previous = 2;
/** The newest offset in the bucket with the slot's index. It is unrelated to the slot's event. */
const bucket = 3;
const width = 4;

/**
 * A ring buffer of events by offset, counted from 1 without a hole, with a chained hash table by id. It grows and
 * shrinks with its content. Its length is a power of two, so that an offset is masked and not divided. The numbers of
 * all slots stand in one array, and chains are offsets: no object per event, and few cache misses.
 */
export class Ring {
  #events: (Event | undefined)[] = [];
  #numbers: number[] = [];
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

  /** The time at which the oldest event was appended; Infinity without events. */
  get oldestTime(): number {
    return this.size > 0 ? this.#number(this.#low + 1, time) : Infinity;
  }

  at(offset: number): Event | undefined {
    return offset > this.#low && offset <= this.#high ? this.#events[this.#index(offset)] : undefined;
  }

  /** @param idHash the {@link hashOf} the id. */
  find(id: string, idHash: number): Event | undefined {
    let offset = this.#number(idHash, bucket);
    while (offset > this.#low) {
      const event = this.#events[this.#index(offset)];
      if (event?.id === id) return event;
      offset = this.#number(offset, previous);
    }
    return undefined;
  }

  append(event: Event, idHash: number, at: number): void {
    if (this.size === this.#events.length) this.#resize(Math.max(smallest, this.size * 2));
    this.#high += 1;
    this.#put(this.#high, event, idHash, at);
  }

  /** Removes the oldest event and returns it. */
  shift(): Event | undefined {
    if (this.size === 0) return undefined;
    this.#low += 1;
    const index = this.#index(this.#low);
    const event = this.#events[index];
    this.#events[index] = undefined;
    return event;
  }

  /** Frees the buffer if it is empty, and halves it if at most a quarter is used. */
  shrink(): void {
    const length = this.#events.length;
    if (this.size === 0) this.#resize(0);
    else if (length > smallest && this.size * 4 <= length) this.#resize(length / 2);
  }

  #index(offset: number): number {
    return offset & (this.#events.length - 1);
  }

  #number(offset: number, which: number): number {
    return this.#numbers[this.#index(offset) * width + which] ?? 0;
  }

  #put(offset: number, event: Event, idHash: number, at: number): void {
    const index = this.#index(offset);
    const newest = this.#index(idHash) * width + bucket;
    this.#events[index] = event;
    this.#numbers[index * width + time] = at;
    this.#numbers[index * width + hashed] = idHash;
    this.#numbers[index * width + previous] = this.#numbers[newest] ?? 0;
    this.#numbers[newest] = offset;
  }

  #resize(length: number): void {
    const events = this.#events;
    const numbers = this.#numbers;
    this.#events = Array.from({ length });
    this.#numbers = Array<number>(length * width).fill(0);
    for (let offset = this.#low + 1; offset <= this.#high; offset += 1) {
      const from = offset & (events.length - 1);
      const event = events[from];
      if (event) this.#put(offset, event, numbers[from * width + hashed] ?? 0, numbers[from * width + time] ?? 0);
    }
  }
}

/** The hash FNV-1a with a random seed, so that a client cannot choose ids that all collide (hash flooding). */
export function hashOf(id: string): number {
  let hash = seed;
  for (let index = 0; index < id.length; index += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
  }
  return hash >>> 2;
}
