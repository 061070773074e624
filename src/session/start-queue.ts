/**
 * Starts operations, a few at a time, in the order in which they came. Bounded by whoever adds to it: what waits here
 * counts as an operation of its session.
 */
export class StartQueue {
  readonly #limit: number;
  readonly #waiting: (() => Promise<void>)[] = [];
  readonly #onIdle: () => void;
  #running = 0;

  /** @param limit how many may be starting at the same time; 1 keeps a strict order. @param onIdle all have started. */
  constructor(limit: number, onIdle: () => void) {
    this.#limit = limit;
    this.#onIdle = onIdle;
  }

  /** @param start must not reject. */
  add(start: () => Promise<void>): void {
    this.#waiting.push(start);
    this.#next();
  }

  clear(): void {
    this.#waiting.length = 0;
  }

  #next(): void {
    if (this.#running >= this.#limit) return;
    const start = this.#waiting.shift();
    if (!start) return;
    this.#running += 1;
    void start().then(() => {
      this.#running -= 1;
      this.#next();
      if (this.#running === 0) this.#onIdle();
    });
  }
}
