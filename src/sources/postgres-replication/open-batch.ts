import type { Fence } from "../../contract/broker.ts";
import type { Captured } from "../../contract/captured.ts";
import type { Batch, SourceLag } from "../../contract/source.ts";
import type { Lead } from "./lead.ts";

export interface OpenBatchParts extends Pick<Batch, "changes" | "lag" | "fence"> {
  readonly mayRepeat: boolean;
  readonly lead: Lead;
  onConfirmed(): Promise<void>;
}

/** What has been read and not yet been confirmed. */
export class OpenBatch implements Batch {
  readonly changes: readonly Captured[];
  readonly lag: SourceLag;
  readonly fence: Fence;
  readonly mayRepeat: boolean;
  readonly #parts: OpenBatchParts;
  isConfirmed = false;

  constructor(parts: OpenBatchParts) {
    this.changes = parts.changes;
    this.lag = parts.lag;
    this.fence = parts.fence;
    this.mayRepeat = parts.mayRepeat;
    this.#parts = parts;
  }

  leads(): boolean {
    return this.#parts.lead.leads();
  }

  async confirm(): Promise<void> {
    await this.#parts.onConfirmed();
    this.isConfirmed = true;
  }
}
