import { FanfareError } from "../../src/base/error.ts";
import { PushIterator } from "../../src/base/push-iterator.ts";
import type { Captured, CapturedChange } from "../../src/contract/captured.ts";
import type { Batch, Source, SourceState, TableSnapshot } from "../../src/contract/source.ts";

type Fed = Batch | SourceState | { readonly error: unknown };

/** A source whose batches a test provides, and which records their confirmation. */
export class FedSource implements Source {
  readonly name = "fed";
  /** The first place of each confirmed batch. */
  readonly confirmed: bigint[] = [];
  /** The number of calls of `changes`. */
  asked = 0;
  leads = true;
  token = 1;
  /** The batches' `mayRepeat`. */
  mayRepeat: boolean | undefined;
  readonly #waiting: Fed[] = [];
  #reader: PushIterator<Fed> | undefined;

  feed(changes: readonly Captured[], confirm: () => Promise<void> = async () => undefined): void {
    this.#give({
      changes,
      lag: { rows: changes.length, milliseconds: 7 },
      ...(this.mayRepeat !== undefined && { mayRepeat: this.mayRepeat }),
      fence: { scope: "fed", token: this.token },
      leads: () => this.leads,
      confirm: async () => {
        await confirm();
        this.confirmed.push(changes[0]?.place.minor ?? -1n);
      },
    });
  }

  state(state: SourceState): void {
    this.#give(state);
  }

  fail(error: unknown): void {
    this.#give({ error });
    // Further batches are for the next call of `changes`.
    this.#reader = undefined;
  }

  async *changes(signal: AbortSignal, onState?: (state: SourceState) => void): AsyncIterableIterator<Batch> {
    this.asked += 1;
    const reader = new PushIterator<Fed>(Infinity, () => undefined);
    this.#reader = reader;
    for (const fed of this.#waiting.splice(0)) reader.push(fed);
    const end = (): void => reader.end();
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
    try {
      for await (const fed of reader) {
        if (typeof fed === "string") onState?.(fed);
        else if ("error" in fed) throw fed.error;
        else yield fed;
      }
    } finally {
      if (this.#reader === reader) this.#reader = undefined;
      signal.removeEventListener("abort", end);
    }
  }

  async snapshot(): Promise<TableSnapshot> {
    throw new FanfareError("SOURCE_NOT_READY", "There are no tables here");
  }

  async publish(): Promise<void> {
    throw new FanfareError("SOURCE_NOT_READY", "There are no transactions here");
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #give(fed: Fed): void {
    if (this.#reader) this.#reader.push(fed);
    else this.#waiting.push(fed);
  }
}

/** The creation of a row: by default the change `minor` of window 1. */
export function created(minor: number, { epoch = "e", major = 1, table = "cars" } = {}): CapturedChange {
  return {
    kind: "change",
    place: { epoch, major: BigInt(major), minor: BigInt(minor) },
    table: { schema: "public", name: table },
    action: "CREATED",
    before: null,
    after: { id: String(minor) },
    moved: false,
    at: 1000 + minor,
    transaction: "7",
  };
}
