/** An item's node in a {@link Recency}. */
export class Link<Item> {
  readonly item: Item;
  older: Link<Item> | undefined;
  newer: Link<Item> | undefined;
  linked = false;

  constructor(item: Item) {
    this.item = item;
  }
}

/**
 * An LRU list: items in the order of their last touch. A doubly linked list and not a Map, which would be rehashed time
 * and again, and would step over every deleted entry to find its oldest.
 */
export class Recency<Item> {
  #oldest: Link<Item> | undefined;
  #newest: Link<Item> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get oldest(): Item | undefined {
    return this.#oldest?.item;
  }

  touch(link: Link<Item>): void {
    if (link === this.#newest) return;
    this.remove(link);
    link.older = this.#newest;
    if (this.#newest) this.#newest.newer = link;
    else this.#oldest = link;
    this.#newest = link;
    link.linked = true;
    this.#size += 1;
  }

  remove(link: Link<Item>): void {
    if (!link.linked) return;
    if (link.older) link.older.newer = link.newer;
    else this.#oldest = link.newer;
    if (link.newer) link.newer.older = link.older;
    else this.#newest = link.older;
    link.older = link.newer = undefined;
    link.linked = false;
    this.#size -= 1;
  }

  /** Removes all items; their links must not be used again. */
  clear(): void {
    this.#oldest = this.#newest = undefined;
    this.#size = 0;
  }
}
