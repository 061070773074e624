import type { Clock, Timer } from "../../base/clock.ts";

/** Milliseconds in which a snapshot has to hand on a row, to keep its slot while others wait. */
const slotTimeout = 200;

/** The right to read a snapshot. It is given back by disposal, or taken away when nothing is read. */
export class SnapshotSlot implements Disposable {
  /** Whether a row was read since the last check. */
  hasMoved = false;
  /** Whether a row waits for a turn of the event loop: then the snapshot is not stalled, but in the queue. */
  waitsForTime = false;
  readonly #free: () => void;

  constructor(free: () => void) {
    this.#free = free;
  }

  get isStalled(): boolean {
    return !this.hasMoved && !this.waitsForTime;
  }

  [Symbol.dispose](): void {
    this.#free();
  }
}

/**
 * A semaphore for snapshots: their rows may be in memory all at once, and what many of them hold would be copied by the
 * garbage collector again and again. A snapshot whose client does not read, or whose database does not answer, makes
 * way for others.
 */
export class SnapshotSlots implements Disposable {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #taken = new Set<SnapshotSlot>();
  /** Those who wait for a slot, in their order. */
  readonly #waiting = new Set<(slot: SnapshotSlot) => void>();
  #timer: Timer | undefined;
  #disposed = false;

  /** @param limit snapshots that are read at the same time. Infinity: no bound. */
  constructor(clock: Clock, limit: number) {
    this.#clock = clock;
    this.#limit = limit;
  }

  /** Resolves with a slot when one is free: first come, first served. After disposal nobody waits. */
  take(): SnapshotSlot | Promise<SnapshotSlot> {
    if (this.#taken.size < this.#limit || this.#disposed) return this.#give();
    this.#timer ??= this.#clock.every(slotTimeout, () => this.#check());
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#timer?.[Symbol.dispose]();
    for (const resolve of this.#waiting) resolve(this.#give());
    this.#waiting.clear();
  }

  #give(): SnapshotSlot {
    const slot = new SnapshotSlot(() => this.#free(slot));
    this.#taken.add(slot);
    return slot;
  }

  #free(slot: SnapshotSlot): void {
    if (!this.#taken.delete(slot)) return;
    const [next] = this.#waiting;
    if (!next) return;
    this.#waiting.delete(next);
    next(this.#give());
    if (this.#waiting.size === 0) this.#stopChecks();
  }

  /** Takes the slots of snapshots of which nothing was read since the last check. */
  #check(): void {
    for (const slot of [...this.#taken]) {
      if (slot.isStalled) this.#free(slot);
      slot.hasMoved = false;
    }
  }

  #stopChecks(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }
}
