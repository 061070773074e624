import type { TableName } from "../../contract/captured.ts";
import type { Source, Transaction } from "../../contract/source.ts";
import type { Excuse } from "../contract-suite.ts";

/** A source under test, and databases for it. */
export interface SourceContractOptions {
  /** The source's name in the titles of the cases. */
  readonly name: string;
  /** Opens a database for one case, with an empty table that is set up for capture. Called once per case. */
  open(): Promise<SourceDatabase>;
  /** Set if several transactions can be open at the same time. */
  readonly overlapping?: true;
  /** The timeout of an expected event, in milliseconds. Default 10,000. */
  readonly patience?: number;
  /** Cases that this source cannot pass, each with the reason. It must really fail them. */
  readonly excuses?: readonly Excuse[];
}

/** A database, its sources and its transactions. */
export interface SourceDatabase extends AsyncDisposable {
  /** The captured table, with the columns `id`, an integer and the primary key, and `make`, a text or null. */
  readonly table: TableName;
  /**
   * Creates a source, as of another process; the suite disposes it. If the size of batches can be set, choose about a
   * hundred changes: the cases write some hundred rows.
   */
  source(): Source;
  /** Runs `work` in a transaction and commits it. If `work` rejects, rolls back and rejects with its error. */
  transaction(work: (writer: SourceWriter) => Promise<void>): Promise<void>;
}

/** Writes to the table in a transaction. */
export interface SourceWriter {
  /** The transaction, for {@link Source.publish}. */
  readonly transaction: Transaction;
  insert(id: number, make: string | null): Promise<void>;
  /** Updates a row's make. */
  update(id: number, make: string | null): Promise<void>;
  /** Updates a row's primary key. */
  move(id: number, to: number): Promise<void>;
  remove(id: number): Promise<void>;
  /** Truncates the table. */
  truncate(): Promise<void>;
}
