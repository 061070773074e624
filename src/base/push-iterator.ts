import { FanfareError } from "./error.ts";

/**
 * An async iterator that values are pushed into. At most `limit` values wait for a slow reader; one more ends the
 * iteration with FanfareError OVERFLOW after what is waiting. `return` never waits for anything.
 */
export class PushIterator<Value> implements AsyncIterableIterator<Value>, AsyncDisposable {
  readonly #waiting: IteratorYieldResult<Value>[] = [];
  readonly #readers: PromiseWithResolvers<IteratorResult<Value>>[] = [];
  readonly #limit: number;
  readonly #onReturn: () => void;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #ready: PromiseWithResolvers<void> | undefined;

  /** @param limit values; Infinity: no bound. @param onReturn called once, when the reader leaves or the end is told. */
  constructor(limit: number, onReturn: () => void) {
    this.#limit = limit;
    this.#onReturn = onReturn;
  }

  push(value: Value): void {
    if (this.#ended) return;
    const reader = this.#readers.shift();
    if (reader) reader.resolve({ done: false, value });
    else if (this.#waiting.length < this.#limit) this.#waiting.push({ done: false, value });
    else this.fail(new FanfareError("OVERFLOW", `The reader is more than ${this.#limit} values behind`));
  }

  /** Resolves when one more value may wait, or when there is no reader any more; undefined: that is now. */
  whenReady(): Promise<void> | undefined {
    if (this.#ended || this.#waiting.length < this.#limit) return undefined;
    this.#ready ??= Promise.withResolvers();
    return this.#ready.promise;
  }

  /** Undefined while less than half of what may wait does. Otherwise resolves when a value was taken, or none will be. */
  whenTaken(): Promise<void> | undefined {
    if (this.#ended || this.#waiting.length * 2 < this.#limit || this.#waiting.length === 0) return undefined;
    this.#ready ??= Promise.withResolvers();
    return this.#ready.promise;
  }

  /** Ends the iteration after what is waiting. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#tellReady();
    for (const reader of this.#readers.splice(0)) reader.resolve({ done: true, value: undefined });
    this.#onReturn();
  }

  /** Ends the iteration with an error after what is waiting. */
  fail(error: unknown): void {
    if (this.#ended) return;
    const reader = this.#readers.shift();
    if (reader) reader.reject(error);
    else this.#failure = { error };
    this.end();
  }

  async next(): Promise<IteratorResult<Value>> {
    const waiting = this.#waiting.shift();
    if (waiting) {
      this.#tellReady();
      return waiting;
    }
    if (this.#failure) {
      const { error } = this.#failure;
      this.#failure = undefined;
      throw error;
    }
    if (this.#ended) return { done: true, value: undefined };
    const reader = Promise.withResolvers<IteratorResult<Value>>();
    this.#readers.push(reader);
    return reader.promise;
  }

  async return(): Promise<IteratorResult<Value>> {
    this.#waiting.length = 0;
    this.#failure = undefined;
    this.end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #tellReady(): void {
    this.#ready?.resolve();
    this.#ready = undefined;
  }
}
