import type { Captured, CapturedChange } from "../../../src/contract/captured.ts";
import type { Batch, Source, SourceState } from "../../../src/contract/source.ts";
import { until } from "../../faults/until.ts";

/** Reads a source and confirms each batch, until it is disposed. */
export class Reading implements AsyncDisposable {
  readonly captured: Captured[] = [];
  readonly batches: Batch[] = [];
  readonly states: SourceState[] = [];
  /** The error that ended the reading, if any. */
  error: unknown;
  readonly #source: Source;
  readonly #end = new AbortController();
  readonly #ended: Promise<void>;

  constructor(source: Source) {
    this.#source = source;
    this.#ended = this.#read();
  }

  get ended(): Promise<void> {
    return this.#ended;
  }

  /** The captured changes of rows only. */
  get changes(): readonly CapturedChange[] {
    return this.captured.filter((one) => one.kind === "change");
  }

  /** Resolves when `count` changes and events were captured. */
  async until(count: number): Promise<readonly Captured[]> {
    await until(
      () => {
        if (this.error !== undefined) throw this.error;
        return this.captured.length >= count;
      },
      () => `${count} changes; captured ${this.captured.length}`,
    );
    return this.captured;
  }

  async leading(): Promise<void> {
    await until(
      () => {
        if (this.error !== undefined) throw this.error;
        return this.states.includes("leading");
      },
      () => "the lead",
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#ended;
    await this.#source[Symbol.asyncDispose]();
  }

  async #read(): Promise<void> {
    try {
      for await (const batch of this.#source.changes(this.#end.signal, (state) => this.states.push(state))) {
        this.batches.push(batch);
        this.captured.push(...batch.changes);
        await batch.confirm();
      }
    } catch (error) {
      this.error = error;
    }
  }
}
