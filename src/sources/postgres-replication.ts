import { systemClock, type Clock } from "../base/clock.ts";
import { quoted } from "../base/quoted.ts";
import { FanfareError } from "../base/error.ts";
import { Lifetime } from "../base/lifetime.ts";
import { checkOptions } from "../base/option-check.ts";
import { pause } from "../base/pause.ts";
import { aBoolean, aFunction, anything, aText, type RulesOf } from "../base/rule.ts";
import type { TableName } from "../contract/captured.ts";
import type { Log } from "../contract/log.ts";
import { aClock, aLog } from "../contract/part-rules.ts";
import type {
  Batch,
  SnapshotRequest,
  Source,
  SourceState,
  TableSnapshot,
  Transaction,
  TransactionalEvent,
} from "../contract/source.ts";
import { aPool } from "../postgres/client-rule.ts";
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
export type { ReplicationInstallOptions, ReplicationUninstallOptions } from "./postgres-replication/install.ts";
export type { LentConnection, Queryable, QueryResult } from "../postgres/database.ts";
export type { PostgresConnection, PostgresPool, RawQuery } from "./postgres-replication/pool.ts";
export type { ReplicationClient, ReplicationMode } from "./postgres-replication/wal-connection.ts";

export interface ReplicationOptions {
  /**
   * A `pg.Pool` for everything except the log itself, with at least 2 connections and a listener for its event `error`.
   * The source does not close it; close it after the source.
   */
  readonly client: PostgresPool;
  /**
   * Makes a replication connection, directly to the server and not through a pooler: `(mode) => new pg.Client({
   * connectionString, ...mode })`. Its role needs the right `replication`. The source connects and closes it.
   */
  readonly connect: (mode: ReplicationMode) => ReplicationClient;
  /** The tables to capture, at least one, for all of which `installReplication` was run. */
  readonly tables: readonly TableLike[];
  /**
   * The replication slot: lower-case letters, digits and `_`. Default `fanfare`. The first source that leads creates
   * it, and changes that commit from then on are captured. Servers that each publish for themselves need a slot each.
   */
  readonly slot?: string;
  /** The publication, as given to `installReplication`. Default `fanfare`. */
  readonly publication?: string;
  /** The schema, as given to `installReplication`. Default `fanfare`. */
  readonly schema?: string;
  /** The largest number of changes in a batch: 1 to 100,000. Default 1,000. A larger transaction is read in several. */
  readonly batch?: number;
  /**
   * The term of the leader's lease, in milliseconds: 300 to 60,000. Default 3,000. The leader renews it every third of
   * a term; other processes check it every sixth.
   */
  readonly lease?: number;
  /**
   * Whether to accept a server without a limit in `max_slot_wal_keep_size`. Default false. While no source reads, such
   * a server keeps its write-ahead log until the disk is full. With a limit the slot is lost instead, and the gap is
   * told.
   */
  readonly unboundedSlot?: boolean;
  /** The source's name in messages and metrics. Default `postgres-replication`. */
  readonly name?: string;
  /** Default: the system's clock. */
  readonly clock?: Clock;
  /**
   * Where warnings go: of a slot that may be lost, and of changes that the log holds only in part. Default: nowhere.
   */
  readonly log?: Log;
}

/** Those of `tables`, `slot` and the numbers are with the code that reads them. */
const rules: RulesOf<ReplicationOptions> = {
  client: aPool,
  connect: aFunction((value) =>
    typeof value === "object" ? "Write connect: (mode) => new pg.Client({ connectionString, ...mode })" : undefined,
  ),
  tables: anything,
  slot: anything,
  publication: aText(),
  schema: aText(),
  batch: anything,
  lease: anything,
  unboundedSlot: aBoolean,
  name: aText(),
  clock: aClock,
  log: aLog,
};

/** How often a process on standby checks the lease, per term. */
const looks = 6;

/**
 * Creates a source that captures the changes committed to PostgreSQL (14 and later) from its write-ahead log (WAL), by
 * logical replication with the output plugin `pgoutput`. Changes come in the order of their commits, each transaction
 * as a whole, and not before a new transaction can see them. Writers pay for a larger log only.
 *
 * - Needs `wal_level = logical`, a limit in `max_slot_wal_keep_size`, and `installReplication`.
 * - One process leads. It holds a lease in the table `replication`, and the replication slot. When the lease has
 *   expired, another process takes both over, and ends the earlier leader's connection.
 * - The confirmed position is stored three times per term of the lease, and on disposal. After a crash, the changes
 *   since then are read again, with the same places (at-least-once).
 * - SOURCE_LOST: the server has removed log that the slot needs, the slot was dropped or created again, or the server
 *   was restored. The source then creates another slot, and the new epoch begins with a truncation of each table.
 * - A TRUNCATE is captured as a truncation. An UPDATE that changes no value is not captured; an UPDATE of the primary
 *   key is captured as DELETED and CREATED.
 * - Generated columns are not in the log before PostgreSQL 18.
 *
 * @throws FanfareError BAD_OPTION for an option outside its range.
 */
export function postgresReplication(options: ReplicationOptions): Source {
  checkOptions("postgresReplication", options, rules, { required: ["client", "connect", "tables"] });
  const { slot = "fanfare", tables } = options;
  if (typeof slot !== "string" || !/^[a-z0-9_]{1,63}$/.test(slot)) {
    throw badOption("slot", slot, "1 to 63 lower-case letters, digits and _");
  }
  if (tableNames(tables, "postgresReplication").length === 0) throw badOption("tables", tables, "at least one table");
  whole("batch", options.batch, 100_000, 1);
  whole("lease", options.lease, 60_000, 300);
  return new PostgresReplication(options);
}

class PostgresReplication implements Source {
  readonly name: string;
  readonly #options: ReplicationOptions;
  readonly #tables: readonly TableName[];
  readonly #clock: Clock;
  readonly #lifetime = new Lifetime();
  readonly #holder = crypto.randomUUID();

  constructor(options: ReplicationOptions) {
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

  /** Waits for the lease; undefined if `signal` aborts first. */
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
  return new FanfareError("BAD_OPTION", `postgresReplication: ${name} must be ${allowed}, not ${quoted(value)}`);
}
