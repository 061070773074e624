import type { Fence, TopicName } from "./broker.ts";
import type { Captured, CapturedRow, TableName } from "./captured.ts";

/** Consecutive changes. The next batch is read when this one has been published and confirmed. */
export interface Batch {
  /** Not empty. */
  readonly changes: readonly Captured[];
  /** How far behind the database the source was when it read the batch. */
  readonly lag: SourceLag;
  /**
   * Whether an earlier leader may have published changes of this batch without confirming them. Undefined from a source
   * whose leaders confirm each `major` of a place before they read the next: then only the first `major` of a lead may
   * hold such changes.
   */
  readonly mayRepeat?: boolean;
  /**
   * The fencing token of the leader that read the batch: a broker refuses an earlier leader's events after a later's.
   */
  readonly fence: Fence;
  /**
   * Whether this process still holds the lease. To be called directly before publishing: false once the lease has
   * expired, for example while the process was paused.
   */
  leads(): boolean;
  /**
   * Confirms that the whole batch is published, so that the source may forget it. Rejects with FanfareError LEAD_LOST
   * when another process leads by now, and with SOURCE_UNAVAILABLE when the database cannot be reached; in both cases
   * the changes will be read again (at-least-once).
   */
  confirm(): Promise<void>;
}

/** `standby` while another process leads, `leading` while this one does. */
export type SourceState = "standby" | "leading";

/** How far a source is behind its database. */
export interface SourceLag {
  /** The number of waiting changes, up to the number to which the source counts; 0 when it had caught up. */
  readonly rows: number;
  /** Milliseconds since the oldest waiting change was written. */
  readonly milliseconds: number;
}

/** A table's rows as of one moment. */
export interface TableSnapshot {
  readonly rows: readonly CapturedRow[];
  /**
   * Whether the snapshot includes a transaction's changes (snapshot isolation).
   *
   * @param transaction its id (`xid8`) as decimal text.
   */
  includes(transaction: string): boolean;
}

export interface SnapshotRequest {
  readonly table: TableName;
  /** The columns by which the rows are ordered: those of the primary key. */
  readonly key: readonly string[];
  /** Required values by column, in the form of {@link CapturedRow}. Default: all rows. */
  readonly equal?: CapturedRow;
  /** The largest number of rows; if there are more, the snapshot fails with FanfareError OVERFLOW. */
  readonly limit: number;
}

/** Reads tables. A model needs it for its `initial` rows. */
export interface TableReader {
  /**
   * Reads rows in one snapshot.
   *
   * @throws FanfareError SOURCE_NOT_READY for a missing table or column; BAD_VALUE for a value in `equal` that its
   * column cannot have; SOURCE_UNAVAILABLE when the database cannot be reached; OVERFLOW for more rows than `limit`.
   */
  snapshot(request: SnapshotRequest, signal?: AbortSignal): Promise<TableSnapshot>;
}

/** An open transaction: a client of `pg` after `begin`, or a transaction of PGlite. */
export interface Transaction {
  query(text: string, values?: unknown[]): PromiseLike<unknown>;
}

/** An event that is published if and when its transaction commits. */
export interface TransactionalEvent {
  readonly topic: TopicName;
  /** Any JSON value that PostgreSQL can store: no string in it may contain U+0000. Undefined counts as null. */
  readonly payload: unknown;
  /** The idempotency key: within a topic, a broker with history stores one event per id. Default: made of its place. */
  readonly id?: string | undefined;
}

/**
 * Captures the committed changes of a database, from any writer (change data capture). Guarantees:
 *
 * - Each committed change of the tables has exactly one place, and is read until it is confirmed (at-least-once).
 * - Changes of one row come in the order of their commits. No change is read before a new transaction can see it.
 * - Changes of a transaction that was rolled back are never read.
 * - At most one process reads at a time; another takes over within five seconds of its end.
 *
 * `sourceContract` of `fanfare/testing` tests these guarantees. After its disposal each function fails with
 * FanfareError CLOSED.
 */
export interface Source extends TableReader, AsyncDisposable {
  /** The source's name in logs and metrics. */
  readonly name: string;
  /**
   * Waits until no other process leads, then yields the captured changes batch by batch. The next batch is read when
   * the one before was confirmed. Ends when `signal` aborts. After an error it may be called again.
   *
   * @param onState called before the first batch, with `standby` when it begins to wait for another leader, and with
   * `leading` when it leads. By then the database is known to have everything that capture needs.
   * @throws FanfareError SOURCE_NOT_READY when the database lacks something, which the message names;
   * SOURCE_UNAVAILABLE when it cannot be reached, and LEAD_LOST when another process leads by now: call it again;
   * SOURCE_LOST when changes are lost: the next call yields places of a new epoch.
   */
  changes(signal: AbortSignal, onState?: (state: SourceState) => void): AsyncIterableIterator<Batch>;
  /**
   * Publishes an event if and when a transaction commits (transactional outbox). Rejects with the database's own error,
   * after which the transaction can only be rolled back.
   */
  publish(transaction: Transaction, event: TransactionalEvent): Promise<void>;
}
