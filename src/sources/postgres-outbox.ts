import { systemClock, type Clock } from "../base/clock.ts";
import { FanfareError } from "../base/error.ts";
import type { Source, Transaction, TransactionalEvent } from "../contract/source.ts";
import { inTransaction, type PostgresClient } from "../postgres/database.ts";
import { tableNames, type TableLike } from "../postgres/tables.ts";
import { publishEvent } from "../postgres/transactional-event.ts";
import { databaseError } from "./postgres-outbox/database-error.ts";
import { installSql, removalSql, type InstallSql } from "./postgres-outbox/install-sql.ts";
import { PostgresOutbox } from "./postgres-outbox/outbox.ts";

export type {
  EmbeddedPostgres,
  EmbeddedTransaction,
  PoolConnection,
  PostgresClient,
  PostgresPool,
  QueryResult,
  Queryable,
} from "../postgres/database.ts";
export type { TableLike } from "../postgres/tables.ts";

/** As it stands in the messages of errors about options, also of those of the functions beside it. */
const caller = "postgresOutbox";

export interface OutboxOptions {
  /** A `pg.Pool`, of which one connection is used throughout, or a PGlite. Whoever made it closes it. */
  readonly client: PostgresClient;
  /** Tables that must be captured: without its trigger one is SOURCE_NOT_READY. Whatever has the trigger is captured. */
  readonly tables?: readonly TableLike[];
  /** Installs what is missing, with {@link installOutbox}; false by default, since it needs the rights of an owner. */
  readonly install?: boolean;
  /** Where the outbox is: 1 to 40 of `a` to `z`, digits and `_`; `fanfare` by default. */
  readonly schema?: string;
  /**
   * How often an idle database is asked for changes, in milliseconds: 1 to 60,000; 50 by default. After a change it is
   * asked sooner.
   */
  readonly poll?: number;
  /** Changes that are read and published at once: 1 to 100,000; 1,000 by default. Big rows make it fewer. */
  readonly batch?: number;
  /**
   * How long a process leads without a sign of life, in milliseconds: 300 to 60,000; 3,000 by default. Another one takes
   * over within one and a half times as long.
   */
  readonly lease?: number;
  /** Whether the outbox was installed with `notify`, so that changes are heard of at once; false by default. */
  readonly notify?: boolean;
  /** The system's by default. */
  readonly clock?: Clock;
}

/**
 * Captures changes by triggers, which write them into an outbox in the same transaction. For PostgreSQL 14 to 18, and for
 * PGlite. {@link installOutbox} sets it up.
 *
 * ```ts
 * await using source = postgresOutbox({ client: pool, tables: ["cars"] });
 * await using relay = createRelay({ source, broker });
 * ```
 *
 * @throws FanfareError BAD_OPTION
 */
export function postgresOutbox(options: OutboxOptions): Source {
  const { client, install = false, notify = false, clock = systemClock } = options;
  const schema = schemaOf(options.schema);
  return new PostgresOutbox({
    client,
    schema,
    notify,
    clock,
    tables: tableNames(options.tables ?? [], caller),
    install: install ? (tables) => installOutbox(client, { tables, schema, notify }) : undefined,
    poll: number("poll", options.poll, 50, 1, 60_000),
    batch: number("batch", options.batch, 1000, 1, 100_000),
    lease: number("lease", options.lease, 3000, 300, 60_000),
  });
}

export interface InstallOptions {
  /** The tables to capture. Further ones may be installed later; those that are there stay. */
  readonly tables: readonly TableLike[];
  /** `fanfare` by default. */
  readonly schema?: string;
  /** Roles that may run {@link postgresOutbox}, besides the one that installs. None by default. */
  readonly readers?: readonly string[];
  /** Roles that may publish events in their transactions. Writers of the tables need no right. None by default. */
  readonly publishers?: readonly string[];
  /**
   * Whether each transaction that writes wakes the reader when it commits; false by default. PostgreSQL lets only one
   * such transaction commit at a time, which takes most of the throughput of many writers (bench/CAPTURE.md): for low
   * rates only.
   */
  readonly notify?: boolean;
}

/**
 * Installs the outbox and the triggers, in one transaction; harmless where they are. Run it as the owner of the tables,
 * and again whenever a table's primary key changes or a partition is added.
 *
 * Each insert, update, delete and truncation of a table is written into the outbox by its trigger, whoever the writer
 * is. A changed primary key is a DELETED and a CREATED, an update that changes nothing is nothing. The function runs with
 * the rights of whoever installs it. The outbox grows for as long as no {@link postgresOutbox} reads it.
 *
 * @throws FanfareError BAD_OPTION; SOURCE_NOT_READY when a table or a right is missing, SOURCE_UNAVAILABLE
 */
export async function installOutbox(client: PostgresClient, options: InstallOptions): Promise<void> {
  await runScript(client, "install the outbox", installSql(installation(options)));
}

/** What {@link installOutbox} does, as SQL to read first or to put into a migration. @throws FanfareError BAD_OPTION */
export function outboxSql(options: InstallOptions): string {
  return `begin;\n${installSql(installation(options))}\ncommit;\n`;
}

export interface UninstallOptions {
  /** Tables to capture no longer. By default the whole outbox is removed, with what was not published yet. */
  readonly tables?: readonly TableLike[];
  /** `fanfare` by default. */
  readonly schema?: string;
}

/** Undoes {@link installOutbox}; harmless where there is nothing. @throws FanfareError as it does. */
export async function uninstallOutbox(client: PostgresClient, options: UninstallOptions = {}): Promise<void> {
  await runScript(client, "remove the outbox", removal(options));
}

/** What {@link uninstallOutbox} does, as SQL. @throws FanfareError BAD_OPTION */
export function outboxRemovalSql(options: UninstallOptions = {}): string {
  return `begin;\n${removal(options)}\ncommit;\n`;
}

/**
 * Publishes an event if and when a transaction commits. The role needs to be one of the `publishers`, see
 * {@link installOutbox}. In any other language, and in Drizzle, it is a query:
 *
 * ```ts
 * await db.transaction(async (tx) => {
 *   await tx.execute(sql`select fanfare.publish(${topic}, ${JSON.stringify(payload)}::jsonb)`);
 * });
 * ```
 *
 * @param transaction a client of `pg` after `begin`, or a transaction of PGlite.
 * @throws the database's own error, since the transaction is lost with it.
 */
export async function publishInTransaction(
  transaction: Transaction,
  event: TransactionalEvent,
  options: { readonly schema?: string } = {},
): Promise<void> {
  await publishEvent(transaction, schemaOf(options.schema), event);
}

/** All of the statements, or none. */
async function runScript(client: PostgresClient, doing: string, statements: string): Promise<void> {
  try {
    await inTransaction(client, statements, async () => undefined);
  } catch (error) {
    throw databaseError(doing, error);
  }
}

function installation({ tables, schema, readers = [], publishers = [], notify = false }: InstallOptions): InstallSql {
  return { schema: schemaOf(schema), tables: tableNames(tables, caller), readers, publishers, notify };
}

function removal({ tables, schema }: UninstallOptions): string {
  return removalSql(schemaOf(schema), tables && tableNames(tables, caller));
}

function schemaOf(schema: string = "fanfare"): string {
  if (/^[a-z_][a-z0-9_]{0,39}$/.test(schema)) return schema;
  throw badOption("schema", schema, "1 to 40 of a to z, digits and _, not beginning with a digit");
}

function number(name: string, value: number | undefined, fallback: number, least: number, most: number): number {
  if (value === undefined) return fallback;
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw badOption(name, value, `a whole number from ${least} to ${most}`);
}

function badOption(name: string, value: unknown, allowed: string): FanfareError {
  return new FanfareError("BAD_OPTION", `${caller}: ${name} must be ${allowed}, not ${String(value)}`);
}
