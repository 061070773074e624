import type { Clock, Timer } from "./clock.ts";

/** An entry of {@link Deadlines}. */
export interface Late {
  /** Called when the entry's deadline has passed. */
  late(): void;
}

/**
 * Any number of entries with the same timeout, with one timer: when many clients reconnect at once (a thundering herd),
 * a timer per connection would cost more than the rest of its start.
 */
export class Deadlines implements Disposable {
  readonly #clock: Clock;
  readonly #milliseconds: number;
  /** The entries and their deadlines, in the order of these, since all have the same timeout. */
  readonly #entries = new Map<Late, number>();
  #timer: Timer | undefined;

  /** @param milliseconds the timeout, from {@link add} to {@link Late.late}. Infinity: no deadline. */
  constructor(clock: Clock, milliseconds: number) {
    this.#clock = clock;
    this.#milliseconds = milliseconds;
  }

  /** The number of entries that are neither removed nor late. */
  get size(): number {
    return this.#entries.size;
  }

  /** Adds an entry. An entry that was added before gets the whole timeout again. */
  add(entry: Late): void {
    if (this.#milliseconds === Infinity) return;
    this.#entries.delete(entry);
    this.#entries.set(entry, this.#clock.now() + this.#milliseconds);
    this.#timer ??= this.#clock.after(this.#milliseconds, () => this.#check());
  }

  /**
   * Removes an entry: it was done in time, or no longer needs a deadline. The timer is not stopped, but is not set again
   * either if it finds no entries: most entries are removed at once, and each would set and clear a timer.
   */
  delete(entry: Late): void {
    this.#entries.delete(entry);
  }

  [Symbol.dispose](): void {
    this.#entries.clear();
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #check(): void {
    this.#timer = undefined;
    for (const [entry, deadline] of this.#entries) {
      const left = deadline - this.#clock.now();
      // More than the whole timeout is left only if the clock was set back; the deadline counts as passed then.
      if (left > 0 && left <= this.#milliseconds) {
        this.#timer = this.#clock.after(left, () => this.#check());
        return;
      }
      this.#entries.delete(entry);
      entry.late();
    }
  }
}
