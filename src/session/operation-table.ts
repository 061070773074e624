/**
 * A session's operations, by id. Nearly every session has one operation, for which a Map would take more memory than
 * the session itself.
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

  /** Adds an entry with an id that is not taken. */
  add(entry: Entry): void {
    if (this.#more) this.#more.set(entry.id, entry);
    else if (!this.#only) this.#only = entry;
    else {
      this.#more = new Map([this.#only, entry].map((each) => [each.id, each]));
      this.#only = undefined;
    }
  }

  /** Removes this very entry, and not another that has come with its id. */
  delete(entry: Entry): void {
    if (this.get(entry.id) !== entry) return;
    this.#only = undefined;
    this.#more?.delete(entry.id);
    if (this.#more?.size === 0) this.#more = undefined;
  }

  /** All entries, as they are now. */
  all(): readonly Entry[] {
    if (this.#more) return [...this.#more.values()];
    return this.#only ? [this.#only] : [];
  }

  clear(): void {
    this.#only = undefined;
    this.#more = undefined;
  }
}
