import type { Captured, CapturedChange } from "../../contract/captured.ts";
import { isAfter, placeId, placeOf } from "../../contract/place.ts";
import type { Batch, Source, SourceState } from "../../contract/source.ts";
import { nextTurn } from "../../base/pause.ts";
import { systemClock } from "../../base/clock.ts";

/** Reads a source, confirms each batch, and records the changes, and violations of the contract in words. */
export class Reading {
  readonly captured: Captured[] = [];
  readonly batches: Batch[] = [];
  readonly states: SourceState[] = [];
  readonly faults: string[] = [];
  /** The error that ended the reading, if any. */
  error: unknown;
  ended = false;
  /** Called with each batch before it is confirmed. */
  check: (batch: Batch) => Promise<void> = async () => undefined;
  readonly #source: Source;
  readonly #end = new AbortController();
  #run: Promise<void> | undefined;

  constructor(source: Source) {
    this.#source = source;
  }

  start(): void {
    this.#run ??= this.#read();
  }

  /** Aborts the reading's signal, and resolves when the reading has ended. */
  async stop(): Promise<void> {
    this.#end.abort();
    await this.#run;
  }

  get changes(): readonly CapturedChange[] {
    return this.captured.filter((one) => one.kind === "change");
  }

  /** Whether a change of a row to this make was captured. */
  has(make: string): boolean {
    return this.changes.some(({ after }) => after?.["make"] === make);
  }

  async #read(): Promise<void> {
    try {
      for await (const batch of this.#source.changes(this.#end.signal, (state) => this.states.push(state))) {
        this.#note(batch);
        await this.check(batch);
        await batch.confirm();
        // A source with changes in memory must not starve the other readings.
        await nextTurn(systemClock, this.#end.signal);
      }
    } catch (error) {
      this.error = error;
    }
    this.ended = true;
  }

  #note(batch: Batch): void {
    const { changes, fence, lag } = batch;
    if (!this.states.includes("leading")) this.faults.push("a batch came before the word that the source leads");
    if (changes.length === 0) this.faults.push("a batch without changes");
    if (!batch.leads()) this.faults.push("a batch of somebody who does not lead");
    if (fence.scope === "" || !Number.isSafeInteger(fence.token)) this.faults.push(`a fence ${JSON.stringify(fence)}`);
    if (!(lag.rows >= 0 && lag.milliseconds >= 0)) this.faults.push(`a lag of ${JSON.stringify(lag)}`);
    for (const one of changes) {
      const { place } = one;
      const last = this.captured.at(-1)?.place;
      const id = placeId(place);
      if (last && place.epoch !== last.epoch) this.faults.push(`${id} is of another epoch than ${placeId(last)}`);
      if (last && !isAfter(place, last)) this.faults.push(`${id} came after ${placeId(last)}`);
      if (!placeOf(id)) this.faults.push(`${id} is not the id of a place`);
      this.captured.push(one);
    }
    this.batches.push(batch);
  }
}
