/** Counts how often each of some properties was read, and each lazy query was run. */
export class ReadCount {
  #made = 0;
  #reads = new Map<string, number>();

  /** An object whose properties are getters that count. They give the same value each time. */
  counted(values: Readonly<Record<string, unknown>>): object {
    this.#made += 1;
    const object = `object ${this.#made}`;
    const read = (name: string): unknown => {
      this.#count(`${object}, ${name}`);
      return values[name];
    };
    return Object.defineProperties(
      {},
      Object.fromEntries(Object.keys(values).map((name) => [name, { get: () => read(name), enumerable: true }])),
    );
  }

  /** A query of a database that runs when somebody awaits it, such as those of query builders. */
  lazy(value: unknown): object {
    this.#made += 1;
    const query = `query ${this.#made}`;
    const start = (resolve: (value: unknown) => unknown): Promise<unknown> => {
      this.#count(query);
      return Promise.resolve(value).then(resolve);
    };
    return new Proxy({}, { get: (_, key) => (key === "then" ? start : undefined) });
  }

  /** What was counted since the last call. */
  take(): ReadonlyMap<string, number> {
    const reads = this.#reads;
    this.#reads = new Map();
    return reads;
  }

  #count(what: string): void {
    this.#reads.set(what, (this.#reads.get(what) ?? 0) + 1);
  }
}
