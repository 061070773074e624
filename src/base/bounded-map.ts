/**
 * An LRU cache: a map that evicts its least recently used entry. It is bounded by the number of entries and by their
 * total weight. An entry that alone is heavier than `maxWeight` is not kept.
 */
export class BoundedMap<Key, Value> {
  readonly #entries = new Map<Key, { value: Value; weight: number }>();
  readonly #maxEntries: number;
  readonly #maxWeight: number;
  #weight = 0;
  /** The entry that was used last. */
  #newest: { readonly value: Value; readonly weight: number } | undefined;

  /**
   * @param maxEntries 0 keeps nothing; Infinity: no bound.
   * @param maxWeight in the unit of the weights given to `set`. Default Infinity: no bound.
   */
  constructor(maxEntries: number, maxWeight: number = Infinity) {
    this.#maxEntries = maxEntries;
    this.#maxWeight = maxWeight;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Whether there is an entry. It does not count as a use. */
  has(key: Key): boolean {
    return this.#entries.has(key);
  }

  get(key: Key): Value | undefined {
    const entry = this.#entries.get(key);
    // The newest stays where it is: when many clients reconnect, nearly all ask for the same entry.
    if (!entry || entry === this.#newest) return entry?.value;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#newest = entry;
    return entry.value;
  }

  set(key: Key, value: Value, weight: number = 1): void {
    this.delete(key);
    if (weight > this.#maxWeight || this.#maxEntries < 1) return;
    const entry = { value, weight };
    this.#entries.set(key, entry);
    this.#newest = entry;
    this.#weight += weight;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxEntries && this.#weight <= this.#maxWeight) return;
      this.delete(oldest);
    }
  }

  delete(key: Key): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#weight -= entry.weight;
    if (entry === this.#newest) this.#newest = undefined;
  }

  clear(): void {
    this.#entries.clear();
    this.#weight = 0;
    this.#newest = undefined;
  }
}
