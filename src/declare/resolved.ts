/**
 * The outcome of computing a field's value before execution: a value or an error. The declared field's resolver takes
 * it from here, so that it is computed once.
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

  /** Returns the value, or throws the error of its computation. */
  take(): unknown {
    return this.#take();
  }
}
