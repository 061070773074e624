import type { Fence, TopicName } from "./broker.ts";
import type { Captured, CapturedRow, TableName } from "./captured.ts";

/** Some changes, in their order, to be published before the next batch is asked for. */
export interface Batch {
  /** Not empty. */
  readonly changes: readonly Captured[];
  /** How far behind the database the source was when it read them. */
  readonly lag: SourceLag;
  /**
   * Whether an earlier leader may have published some of them without having confirmed them. Left out by a source whose
   * leaders confirm each `major` of a place before they read the next: then only the one that a lead begins with may be.
   */
  readonly mayRepeat?: boolean;
  /** Which leader read them. A broker refuses what an earlier leader writes after a later one. */
  readonly fence: Fence;
  /**
   * Whether this process may still publish them; asked directly before. False once the time for which it leads has run
   * out, as after a pause.
   */
  leads(): boolean;
  /**
   * All of them are published: the source may forget them. Rejects with FanfareError LEAD_LOST when another process leads
   * by now, and with SOURCE_UNAVAILABLE when the database cannot be reached; both times they will be read again.
   */
  confirm(): Promise<void>;
}

/** Whether a source waits behind another process, or reads itself. */
export type SourceState = "standby" | "leading";

export interface SourceLag {
  /** Changes that were waiting, at most as many as the source counts; 0 when it had caught up. */
  readonly rows: number;
  /** Milliseconds since the oldest of them was written. */
  readonly milliseconds: number;
}

/** A table as of one moment. */
export interface TableSnapshot {
  readonly rows: readonly CapturedRow[];
  /** Whether the rows show what the transaction with this id (`xid8` as decimal text) did. */
  includes(transaction: string): boolean;
}

export interface SnapshotRequest {
  readonly table: TableName;
  /** The columns that order the rows: those of the primary key. */
  readonly key: readonly string[];
  /** Columns whose value must be this one, given in the form of {@link CapturedRow}; all rows by default. */
  readonly equal?: CapturedRow;
  /** Rows at most. One more is FanfareError OVERFLOW. */
  readonly limit: number;
}

/** Reads tables; what a model needs for `initial`. */
export interface TableReader {
  /**
   * Reads rows in one snapshot.
   *
   * @throws FanfareError SOURCE_NOT_READY for a table or a column that is not there, SOURCE_UNAVAILABLE, OVERFLOW.
   */
  snapshot(request: SnapshotRequest, signal?: AbortSignal): Promise<TableSnapshot>;
}

/** A transaction that is under way: a client of `pg` after `begin`, or a transaction of PGlite. */
export interface Transaction {
  query(text: string, values?: unknown[]): PromiseLike<unknown>;
}

/** An event that happens if its transaction is committed. */
export interface TransactionalEvent {
  readonly topic: TopicName;
  /** Anything that is JSON and that PostgreSQL can keep: no text of it may contain U+0000. Undefined counts as null. */
  readonly payload: unknown;
  /** Makes a repeat harmless: within a topic, a broker with history stores one event per id. By default its own. */
  readonly id?: string | undefined;
}

/**
 * Captures what is committed to a database, by whoever wrote it. Guarantees:
 *
 * - Every committed change of the tables is in exactly one place, and is read again until it is confirmed.
 * - Changes of one row are in the order of their commits; nothing is read before a new transaction could see it.
 * - What is rolled back is never read.
 * - At most one process reads at any time; another takes over within five seconds of its end.
 *
 * `sourceContract` of `fanfare/testing` proves them. What is asked of a source after its disposal is FanfareError CLOSED.
 */
export interface Source extends TableReader, AsyncDisposable {
  /** For logs and metrics. */
  readonly name: string;
  /**
   * Waits until no other process leads, then gives what is captured, batch by batch; the next batch is read only when
   * the one before was confirmed. Ends when `signal` aborts. It may be called again after it threw.
   *
   * @throws FanfareError SOURCE_NOT_READY when the database lacks something that has to be set up: the message says what;
   * SOURCE_UNAVAILABLE when it cannot be reached, LEAD_LOST when another process leads by now: then try again;
   * SOURCE_LOST when changes are gone for good: everything that the next call gives is of a new epoch.
   * @param onState told, before the first batch, when it waits for another process that leads and when it leads itself:
   * the database has all that it needs by then.
   */
  changes(signal: AbortSignal, onState?: (state: SourceState) => void): AsyncIterableIterator<Batch>;
  /**
   * Publishes an event if and when a transaction commits. Throws the database's own error, since the transaction is lost
   * with it.
   */
  publish(transaction: Transaction, event: TransactionalEvent): Promise<void>;
}
