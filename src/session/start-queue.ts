/**
 * Starts operations in order, with bounded concurrency. The queue itself has no bound: waiting operations count against
 * the session's limit `operations`.
 */
export class StartQueue<Key> {
  readonly #limit: number;
  /** Undefined until an operation has to wait. */
  #waiting: Map<Key, () => Promise<void>> | undefined;
  readonly #onIdle: () => void;
  #begun: boolean;
  #running = 0;

  /**
   * @param limit operations that are started concurrently; 1: each starts after the one before has.
   * @param begun false: all operations wait for {@link begin}.
   * @param onIdle called when no operation is being started any more.
   */
  constructor(limit: number, begun: boolean, onIdle: () => void) {
    this.#limit = limit;
    this.#begun = begun;
    this.#onIdle = onIdle;
  }

  /** The number of waiting operations. */
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

  /** Removes a waiting operation. */
  delete(key: Key): void {
    this.#waiting?.delete(key);
  }

  clear(): void {
    this.#waiting = undefined;
  }

  get #mayStart(): boolean {
    return this.#begun && this.#running < this.#limit;
  }

  /** Starts the next operation. Returns false if none may be started now. */
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
