/**
 * Starts operations, a few at a time, in the order in which they came. Bounded by whoever adds to it: what waits here
 * counts as an operation of its session.
 */
export class StartQueue<Key> {
  readonly #limit: number;
  /** Undefined until something has to wait. */
  #waiting: Map<Key, () => Promise<void>> | undefined;
  readonly #onIdle: () => void;
  #begun: boolean;
  #running = 0;

  /**
   * @param limit how many may be starting at the same time; 1 keeps a strict order.
   * @param begun false: everything waits for {@link begin}.
   * @param onIdle called when all have started.
   */
  constructor(limit: number, begun: boolean, onIdle: () => void) {
    this.#limit = limit;
    this.#begun = begun;
    this.#onIdle = onIdle;
  }

  /** How many wait. */
  get size(): number {
    return this.#waiting?.size ?? 0;
  }

  begin(): void {
    this.#begun = true;
    while (this.#next());
  }

  /** @param start must not reject. */
  add(key: Key, start: () => Promise<void>): void {
    if (this.#mayStart && this.size === 0) return this.#start(start);
    this.#waiting ??= new Map();
    this.#waiting.set(key, start);
  }

  /** Forgets one that need not be started any more. */
  delete(key: Key): void {
    this.#waiting?.delete(key);
  }

  clear(): void {
    this.#waiting = undefined;
  }

  get #mayStart(): boolean {
    return this.#begun && this.#running < this.#limit;
  }

  /** Starts the next one; false if none may be started now. */
  #next(): boolean {
    if (!this.#waiting || !this.#mayStart) return false;
    const [first] = this.#waiting;
    if (!first) return false;
    const [key, start] = first;
    this.#waiting.delete(key);
    this.#start(start);
    return true;
  }

  #start(start: () => Promise<void>): void {
    this.#running += 1;
    void start().then(() => {
      this.#running -= 1;
      this.#next();
      if (this.#running === 0) this.#onIdle();
    });
  }
}
