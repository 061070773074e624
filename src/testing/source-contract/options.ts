import type { TableName } from "../../contract/captured.ts";
import type { Source, Transaction } from "../../contract/source.ts";
import type { Excuse } from "../contract-suite.ts";

/** A source that has to keep the contract, and databases for it. */
export interface SourceContractOptions {
  /** Shown with the cases. */
  readonly name: string;
  /** Opens a database that nothing else uses, with an empty table that is set up for capture. Called once for each case. */
  open(): Promise<SourceDatabase>;
  /** Set where several transactions can be open at the same time. */
  readonly overlapping?: true;
  /** How long to wait for something that must happen, in milliseconds; 10,000 by default. */
  readonly patience?: number;
  /** Cases that this source cannot pass, each with the reason in words. It must really fail them. */
  readonly excuses?: readonly Excuse[];
}

/** A database and who reads it. */
export interface SourceDatabase extends AsyncDisposable {
  /** The table that is captured. Its columns are `id`, a whole number and the primary key, and `make`, a text or null. */
  readonly table: TableName;
  /**
   * Makes a source, as another process would have it; the suite disposes it. Where batches can be small, let them have
   * about a hundred changes: the cases write some hundred rows.
   */
  source(): Source;
  /** Runs `work` in a transaction, which is committed when it resolves. When it rejects, rolls back and rejects as well. */
  transaction(work: (writer: SourceWriter) => Promise<void>): Promise<void>;
}

/** What is written to the table, in one transaction. */
export interface SourceWriter {
  /** The transaction, as {@link Source.publish} takes it. */
  readonly transaction: Transaction;
  insert(id: number, make: string | null): Promise<void>;
  /** Gives a row another make. */
  update(id: number, make: string | null): Promise<void>;
  /** Gives a row another key. */
  move(id: number, to: number): Promise<void>;
  remove(id: number): Promise<void>;
  /** Removes all rows at once. */
  truncate(): Promise<void>;
}
