import { FanfareError } from "./error.ts";

/**
 * An async iterator over a bounded queue of values that are pushed into it. At most `limit` values wait for a slow
 * reader. One more makes the iteration throw FanfareError OVERFLOW after the waiting values have been read. `return`
 * drops the waiting values and resolves at once.
 */
export class PushIterator<Value> implements AsyncIterableIterator<Value>, AsyncDisposable {
  readonly #waiting: IteratorYieldResult<Value>[] = [];
  readonly #readers: PromiseWithResolvers<IteratorResult<Value>>[] = [];
  readonly #limit: number;
  readonly #onReturn: () => void;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #ready: PromiseWithResolvers<void> | undefined;

  /**
   * @param limit the number of values that may wait. Infinity: no bound.
   * @param onReturn called once, when the iteration ends: by `return`, `end`, `fail` or an overflow.
   */
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

  /**
   * Back-pressure: undefined if one more value may be pushed now, else a promise until it may, or the iteration ended.
   */
  whenReady(): Promise<void> | undefined {
    if (this.#ended || this.#waiting.length < this.#limit) return undefined;
    this.#ready ??= Promise.withResolvers();
    return this.#ready.promise;
  }

  /** Undefined while the queue is less than half full, else a promise until a value was read or the iteration ended. */
  whenTaken(): Promise<void> | undefined {
    if (this.#ended || this.#waiting.length * 2 < this.#limit || this.#waiting.length === 0) return undefined;
    this.#ready ??= Promise.withResolvers();
    return this.#ready.promise;
  }

  /** Ends the iteration after the waiting values. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#tellReady();
    for (const reader of this.#readers.splice(0)) reader.resolve({ done: true, value: undefined });
    this.#onReturn();
  }

  /** Makes the iteration throw `error` after the waiting values. */
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
