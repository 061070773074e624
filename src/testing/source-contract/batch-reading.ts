import type { Captured } from "../../contract/captured.ts";
import { placeId } from "../../contract/place.ts";
import type { Batch, Source, SourceState } from "../../contract/source.ts";

/** Reads a source batch by batch, without confirming. */
export class BatchReading {
  readonly states: SourceState[] = [];
  readonly #end = new AbortController();
  readonly #iterator: AsyncIterableIterator<Batch>;
  /** The first batch, requested at once, since a source starts with its first request. */
  #first: Promise<IteratorResult<Batch>> | undefined;

  constructor(source: Source) {
    this.#iterator = source.changes(this.#end.signal, (state) => this.states.push(state));
    this.#first = this.#iterator.next();
    this.#first.catch(() => undefined);
  }

  /** The next batch; undefined after the end. */
  async next(): Promise<Batch | undefined> {
    const asked = this.#first ?? this.#iterator.next();
    this.#first = undefined;
    const result = await asked;
    return result.done === true ? undefined : result.value;
  }

  abort(): void {
    this.#end.abort();
  }

  /** Ends the reading like a `break` in a loop, and resolves when it has ended. */
  async stop(): Promise<void> {
    this.#end.abort();
    await Promise.allSettled([this.#first]);
    await this.#iterator.return?.();
  }
}

/** The changes of a batch by the ids of their events, as far as they must be the same each time they are read. */
export function given(changes: readonly Captured[]): ReadonlyMap<string, string> {
  return new Map(changes.map((one) => [placeId(one.place), lasting(one)]));
}

function lasting(one: Captured): string {
  switch (one.kind) {
    case "change": {
      const { action, after, before, moved, table, transaction } = one;
      return JSON.stringify({ action, after, before, moved, table, transaction });
    }
    case "truncation":
      return JSON.stringify({ truncated: one.table });
    case "event":
      return JSON.stringify({ topic: one.topic, payload: one.payload, id: one.id });
  }
}
