import type { CapturedRow } from "../../src/contract/captured.ts";
import type { SnapshotRequest, TableReader, TableSnapshot } from "../../src/contract/source.ts";
import { FanfareError } from "fanfare";

/** A table in memory that can be read in snapshots; its transactions are numbered from 1. */
export class ShownTable implements TableReader {
  readonly rows = new Map<string, CapturedRow>();
  readonly requests: SnapshotRequest[] = [];
  /** The error of the next snapshot. */
  failure: Error | undefined;
  /** Called during a snapshot, after the rows were read. */
  meanwhile: () => Promise<void> = () => Promise.resolve();
  transaction = 0;

  async snapshot(request: SnapshotRequest): Promise<TableSnapshot> {
    this.requests.push(request);
    if (this.failure) throw this.failure;
    const newest = this.transaction;
    const equal = Object.entries(request.equal ?? {});
    const rows = [...this.rows.values()].filter((row) => equal.every(([name, value]) => row[name] === value));
    if (rows.length > request.limit) throw new FanfareError("OVERFLOW", "There are more rows");
    await this.meanwhile();
    return { rows, includes: (transaction) => Number(transaction) <= newest };
  }
}
