import { systemClock, type Clock } from "../base/clock.ts";
import { FanfareError } from "../base/error.ts";
import { Lifetime } from "../base/lifetime.ts";
import { pause } from "../base/pause.ts";
import type { TableName } from "../contract/captured.ts";
import type { Log } from "../contract/log.ts";
import type {
  Batch,
  SnapshotRequest,
  Source,
  SourceState,
  TableSnapshot,
  Transaction,
  TransactionalEvent,
} from "../contract/source.ts";
import { tableNames, type TableLike } from "../postgres/tables.ts";
import { publishEvent } from "../postgres/transactional-event.ts";
import { databaseError } from "./postgres-replication/database-error.ts";
import { Lead } from "./postgres-replication/lead.ts";
import type { PostgresPool } from "./postgres-replication/pool.ts";
import { Reader } from "./postgres-replication/reader.ts";
import { assertReady } from "./postgres-replication/readiness.ts";
import { readTable } from "./postgres-replication/table-reader.ts";
import type { ReplicationClient, ReplicationMode } from "./postgres-replication/wal-connection.ts";

export type { TableLike } from "../postgres/tables.ts";
export {
  installReplication,
  replicationRemovalSql,
  replicationSql,
  uninstallReplication,
} from "./postgres-replication/install.ts";
export type { ReplicationInstallation, ReplicationRemoval } from "./postgres-replication/install.ts";
export type { QueryResult } from "../postgres/database.ts";
export type { PostgresConnection, PostgresPool, RawQuery } from "./postgres-replication/pool.ts";
export type { ReplicationClient, ReplicationMode } from "./postgres-replication/wal-connection.ts";

export interface PostgresReplicationOptions {
  /**
   * A `pg.Pool` for everything but the log itself, with room for 2 connections or more and a listener for its `error`.
   * Whoever made it closes it, after the source.
   */
  readonly client: PostgresPool;
  /**
   * Makes a connection for the log, directly to the server and not through a pooler:
   * `(mode) => new pg.Client({ connectionString, ...mode })`. Its role needs the right `replication`. The source connects
   * and closes it.
   */
  readonly connect: (mode: ReplicationMode) => ReplicationClient;
  /** The tables to capture, 1 or more; `installReplication` was run for all of them. */
  readonly tables: readonly TableLike[];
  /**
   * The replication slot: lower-case letters, digits and `_`; `fanfare` by default. The first source that leads makes it,
   * and what is committed from then on is captured. Each server that publishes for itself needs one of its own.
   */
  readonly slot?: string;
  /** As at the installation; `fanfare` by default. */
  readonly publication?: string;
  /** As at the installation; `fanfare` by default. */
  readonly schema?: string;
  /** Changes in a batch at most: 1 to 100,000; 1,000 by default. A large transaction is read in many. */
  readonly batch?: number;
  /**
   * After how many milliseconds of silence another process takes over: 300 to 60,000; 3,000 by default. The leader renews
   * its lead three times as often, and others look six times as often.
   */
  readonly lease?: number;
  /**
   * Accepts a server whose `max_slot_wal_keep_size` is unlimited; false by default. While no source reads, such a server
   * keeps its log until the disk is full. With a limit the slot is lost instead, and subscribers are told of the gap.
   */
  readonly unboundedSlot?: boolean;
  /** For messages and metrics; `postgres-replication` by default. */
  readonly name?: string;
  /** The system's by default. */
  readonly clock?: Clock;
  /** Where to tell of a slot that is in danger, and of changes that the log has only in part. Nowhere by default. */
  readonly log?: Log;
}

/** How often those who wait look whether the leader has gone, in parts of the lease. */
const looks = 6;

/**
 * Captures what is committed to PostgreSQL (14 and later) from its write-ahead log, by logical replication with the
 * plugin `pgoutput`. Changes come in the order of their commits, transactions whole and one after the other, and not
 * before a new transaction could see them. Writers pay for nothing but a longer log.
 *
 * - Needs `wal_level = logical`, a bound in `max_slot_wal_keep_size`, and `installReplication`.
 * - One process leads. It holds a lease in the table `replication`, and the slot; another one takes both over when the
 *   lease has run out, and ends the former's connection.
 * - What was confirmed is written down three times per lease, and on the way out. After a crash the changes since then
 *   are given again, in the same places.
 * - A slot whose log the server has removed, that was dropped or made anew, or a restored server, is SOURCE_LOST: the
 *   source makes another slot, and the new epoch begins with a truncation of every table.
 * - TRUNCATE is told as such. An UPDATE that changes nothing is not told; one that changes the primary key is told as a
 *   row that was deleted and one that was created.
 * - Generated columns are not in the log before PostgreSQL 18.
 *
 * @throws FanfareError BAD_OPTION
 */
export function postgresReplication(options: PostgresReplicationOptions): Source {
  const { slot = "fanfare", tables } = options;
  if (!/^[a-z0-9_]{1,63}$/.test(slot)) {
    throw badOption("slot", slot, "1 to 63 lower-case letters, digits and _");
  }
  if (tables.length === 0) throw badOption("tables", "an empty list", "at least one table");
  whole("batch", options.batch, 100_000, 1);
  whole("lease", options.lease, 60_000, 300);
  return new PostgresReplication(options);
}

class PostgresReplication implements Source {
  readonly name: string;
  readonly #options: PostgresReplicationOptions;
  readonly #tables: readonly TableName[];
  readonly #clock: Clock;
  readonly #lifetime = new Lifetime();
  readonly #holder = crypto.randomUUID();

  constructor(options: PostgresReplicationOptions) {
    this.name = options.name ?? "postgres-replication";
    this.#options = options;
    this.#tables = tableNames(options.tables, "postgresReplication");
    this.#clock = options.clock ?? systemClock;
  }

  publish(transaction: Transaction, event: TransactionalEvent): Promise<void> {
    return publishEvent(transaction, this.#settings.schema, event);
  }

  async *changes(signal: AbortSignal, onState?: (state: SourceState) => void): AsyncIterableIterator<Batch> {
    const ending = AbortSignal.any([signal, this.#lifetime.signal]);
    if (this.#lifetime.ended) throw new FanfareError("CLOSED", `${this.name} was disposed`);
    try {
      const lead = await this.#lead(ending, onState);
      if (!lead) return;
      this.#lifetime.attach(lead);
      const reader = new Reader({ ...this.#settings, lead });
      this.#lifetime.attach(reader);
      try {
        yield* reader.batches(ending, () => onState?.("leading"));
      } finally {
        await reader[Symbol.asyncDispose]();
        await lead[Symbol.asyncDispose]();
        this.#lifetime.release(reader);
        this.#lifetime.release(lead);
      }
    } catch (error) {
      if (!ending.aborted) throw databaseError(this.name, "read the log", error);
    }
  }

  async snapshot(request: SnapshotRequest, signal?: AbortSignal): Promise<TableSnapshot> {
    signal?.throwIfAborted();
    if (this.#lifetime.ended) throw new FanfareError("CLOSED", `${this.name} was disposed`);
    return readTable(this.name, this.#options.client, request);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#lifetime[Symbol.asyncDispose]();
  }

  /** Undefined when `signal` aborted before this process could lead. */
  async #lead(signal: AbortSignal, onState?: (state: SourceState) => void): Promise<Lead | undefined> {
    const settings = this.#settings;
    for (let told = false; !signal.aborted; told = true) {
      await assertReady(settings);
      const lead = await Lead.take(settings, this.#holder);
      if (lead) return lead;
      if (!told) onState?.("standby");
      await pause(this.#clock, settings.lease / looks, signal);
    }
    return undefined;
  }

  get #settings() {
    const { client, connect, log } = this.#options;
    const { slot = "fanfare", publication = "fanfare", schema = "fanfare" } = this.#options;
    const { batch = 1000, lease = 3000, unboundedSlot = false } = this.#options;
    const wanted = { tables: this.#tables, slot, publication, schema, batch, lease, unboundedSlot };
    return { ...wanted, pool: client, connect, log, clock: this.#clock, name: this.name };
  }
}

function whole(name: string, value: number | undefined, most: number, least: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return;
  throw badOption(name, value, `a whole number from ${least} to ${most}`);
}

function badOption(name: string, value: unknown, allowed: string): FanfareError {
  return new FanfareError("BAD_OPTION", `postgresReplication: ${name} must be ${allowed}, not ${String(value)}`);
}
