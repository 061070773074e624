import type { Clock, Timer } from "./clock.ts";

/** Something that has to be done in time. */
export interface Late {
  /** The time is up. */
  late(): void;
}

/**
 * Watches over any number of things that all have the same time, with one timer: in a storm of connections a timer for
 * each would cost more than the rest of their start.
 */
export class Deadlines implements Disposable {
  readonly #clock: Clock;
  readonly #milliseconds: number;
  /** In the order of their deadlines, since all have the same time. */
  readonly #entries = new Map<Late, number>();
  #timer: Timer | undefined;

  /** @param milliseconds from {@link add} to {@link Late.late}; Infinity: no deadline. */
  constructor(clock: Clock, milliseconds: number) {
    this.#clock = clock;
    this.#milliseconds = milliseconds;
  }

  /** Begins to watch; an entry that is watched already gets the whole time anew. */
  add(entry: Late): void {
    if (this.#milliseconds === Infinity) return;
    this.#entries.delete(entry);
    this.#entries.set(entry, this.#clock.now() + this.#milliseconds);
    this.#timer ??= this.#clock.after(this.#milliseconds, () => this.#check());
  }

  /** It was done in time, or nobody cares any more. */
  delete(entry: Late): void {
    if (this.#entries.delete(entry) && this.#entries.size === 0) this.#stop();
  }

  [Symbol.dispose](): void {
    this.#entries.clear();
    this.#stop();
  }

  #check(): void {
    this.#timer = undefined;
    for (const [entry, deadline] of this.#entries) {
      const left = deadline - this.#clock.now();
      // More than the whole time is left where the clock was set back.
      if (left > 0 && left <= this.#milliseconds) {
        this.#timer = this.#clock.after(left, () => this.#check());
        return;
      }
      this.#entries.delete(entry);
      entry.late();
    }
  }

  #stop(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }
}
