/** One item's place in a {@link Recency}. */
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
 * Items in the order of their last touch. A linked list and not a Map: a Map that is used this way is copied every now
 * and then, and to find its oldest entry it steps over everything that was taken out since.
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

  /** Lets go of everything; the links must not be used again. */
  clear(): void {
    this.#oldest = this.#newest = undefined;
    this.#size = 0;
  }
}
