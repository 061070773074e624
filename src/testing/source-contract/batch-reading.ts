import type { Captured } from "../../contract/captured.ts";
import { placeId } from "../../contract/place.ts";
import type { Batch, Source, SourceState } from "../../contract/source.ts";

/** Reads a source batch by batch, and confirms nothing by itself. */
export class BatchReading {
  readonly states: SourceState[] = [];
  readonly #end = new AbortController();
  readonly #iterator: AsyncIterableIterator<Batch>;
  /** Asked for at once: a source does nothing before. */
  #first: Promise<IteratorResult<Batch>> | undefined;

  constructor(source: Source) {
    this.#iterator = source.changes(this.#end.signal, (state) => this.states.push(state));
    this.#first = this.#iterator.next();
    this.#first.catch(() => undefined);
  }

  /** The next batch; undefined when there is none any more. */
  async next(): Promise<Batch | undefined> {
    const asked = this.#first ?? this.#iterator.next();
    this.#first = undefined;
    const result = await asked;
    return result.done === true ? undefined : result.value;
  }

  abort(): void {
    this.#end.abort();
  }

  /** Resolves when it has ended, as a loop does that is left. */
  async stop(): Promise<void> {
    this.#end.abort();
    await Promise.allSettled([this.#first]);
    await this.#iterator.return?.();
  }
}

/** What a batch holds, by the ids as which it would be published: all that has to be the same each time it is read. */
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
