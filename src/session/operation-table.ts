/**
 * A session's operations by id. Most sessions have a single operation, which is kept without a Map: that would take
 * more memory than the session itself.
 */
export class OperationTable<Entry extends { readonly id: string }> {
  #only: Entry | undefined;
  #more: Map<string, Entry> | undefined;

  get size(): number {
    if (this.#more) return this.#more.size;
    return this.#only ? 1 : 0;
  }

  get(id: string): Entry | undefined {
    if (this.#more) return this.#more.get(id);
    return this.#only?.id === id ? this.#only : undefined;
  }

  has(id: string): boolean {
    return this.get(id) !== undefined;
  }

  /** Adds an entry. Its id must not be in the table. */
  add(entry: Entry): void {
    if (this.#more) this.#more.set(entry.id, entry);
    else if (!this.#only) this.#only = entry;
    else {
      this.#more = new Map([this.#only, entry].map((each) => [each.id, each]));
      this.#only = undefined;
    }
  }

  /** Removes an entry, but not another entry that has the same id by now. */
  delete(entry: Entry): void {
    if (this.get(entry.id) !== entry) return;
    this.#only = undefined;
    this.#more?.delete(entry.id);
    if (this.#more?.size === 0) this.#more = undefined;
  }

  /** A copy of all entries. */
  all(): readonly Entry[] {
    if (this.#more) return [...this.#more.values()];
    return this.#only ? [this.#only] : [];
  }

  clear(): void {
    this.#only = undefined;
    this.#more = undefined;
  }
}
