/**
 * Starts operations, a few at a time, in the order in which they came. Bounded by whoever adds to it: what waits here
 * counts as an operation of its session.
 */
export class StartQueue<Key> {
  readonly #limit: number;
  readonly #waiting = new Map<Key, () => Promise<void>>();
  readonly #onIdle: () => void;
  #running = 0;

  /** @param limit how many may be starting at the same time; 1 keeps a strict order. @param onIdle all have started. */
  constructor(limit: number, onIdle: () => void) {
    this.#limit = limit;
    this.#onIdle = onIdle;
  }

  /** How many wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** @param start must not reject. */
  add(key: Key, start: () => Promise<void>): void {
    this.#waiting.set(key, start);
    this.#next();
  }

  /** Forgets one that need not be started any more. */
  delete(key: Key): void {
    this.#waiting.delete(key);
  }

  clear(): void {
    this.#waiting.clear();
  }

  #next(): void {
    if (this.#running >= this.#limit) return;
    const [first] = this.#waiting;
    if (!first) return;
    const [key, start] = first;
    this.#waiting.delete(key);
    this.#running += 1;
    void start().then(() => {
      this.#running -= 1;
      this.#next();
      if (this.#running === 0) this.#onIdle();
    });
  }
}
