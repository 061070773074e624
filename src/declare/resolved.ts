/**
 * What became of a field's value before execution: a declared field's own resolver takes it from here instead of
 * computing it a second time.
 */
export class Resolved {
  readonly #take: () => unknown;

  private constructor(take: () => unknown) {
    this.#take = take;
  }

  static value(value: unknown): Resolved {
    return new Resolved(() => value);
  }

  static failure(error: unknown): Resolved {
    return new Resolved(() => {
      throw error;
    });
  }

  /** The value, or throws what computing it threw. */
  take(): unknown {
    return this.#take();
  }
}
