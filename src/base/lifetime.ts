type Child = AsyncDisposable | Disposable;

/**
 * What one thing opened and must close. Children close in parallel, and every child is closed even if another fails.
 * Disposing twice waits for the first time.
 */
export class Lifetime implements AsyncDisposable {
  readonly #children = new Set<Child>();
  readonly #controller = new AbortController();
  #disposed: Promise<void> | undefined;

  /** Aborted the moment disposal starts. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get ended(): boolean {
    return this.#disposed !== undefined;
  }

  /** Takes `child` into care and returns it. A child that is attached after the end is closed at once. */
  attach<T extends Child>(child: T): T {
    if (this.#disposed) {
      this.#disposed = Promise.allSettled([this.#disposed, close(child)]).then(report);
      return child;
    }
    this.#children.add(child);
    return child;
  }

  /** Lets go of `child`, which has closed by itself. */
  release(child: Child): void {
    this.#children.delete(child);
  }

  [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return this.#disposed;
    // Set before anything is closed: what is attached from inside a child's end must be closed too.
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
