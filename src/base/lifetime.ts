type Child = AsyncDisposable | Disposable;

/**
 * The resources that an object opened and must close: its children. Disposal closes all children in parallel, even if
 * some fail, and rejects with their error, or with an AggregateError of several. A second disposal returns the first
 * one's promise.
 */
export class Lifetime implements AsyncDisposable {
  readonly #children = new Set<Child>();
  readonly #controller = new AbortController();
  #disposed: Promise<void> | undefined;

  /** Aborts when disposal starts, before any child is closed. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get ended(): boolean {
    return this.#disposed !== undefined;
  }

  /** Adds `child`, to be closed with this lifetime, and returns it. After the end, `child` is closed at once. */
  attach<T extends Child>(child: T): T {
    if (this.#disposed) {
      this.#disposed = Promise.allSettled([this.#disposed, close(child)]).then(report);
      return child;
    }
    this.#children.add(child);
    return child;
  }

  /** Removes `child`, which has closed by itself. */
  release(child: Child): void {
    this.#children.delete(child);
  }

  [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return this.#disposed;
    // Set before any child is closed: disposal is re-entrant, and a child attached during it must be closed too.
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#disposed = promise;
    resolve(this.#close());
    return promise;
  }

  async #close(): Promise<void> {
    this.#controller.abort();
    const children = [...this.#children];
    this.#children.clear();
    report(await Promise.allSettled(children.map(close)));
  }
}

async function close(child: Child): Promise<void> {
  if (Symbol.asyncDispose in child) await child[Symbol.asyncDispose]();
  else child[Symbol.dispose]();
}

function report(results: readonly PromiseSettledResult<void>[]): void {
  const errors = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, "Several parts failed to close");
}
