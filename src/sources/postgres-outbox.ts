import { systemClock, type Clock } from "../base/clock.ts";
import { quoted } from "../base/quoted.ts";
import { FanfareError } from "../base/error.ts";
import { checkArgument, checkOptions } from "../base/option-check.ts";
import { aBoolean, anything, aText, listOf, type Rules, type RulesOf } from "../base/rule.ts";
import { aClock } from "../contract/part-rules.ts";
import type { Source, Transaction, TransactionalEvent } from "../contract/source.ts";
import { aPostgresClient, aTransaction } from "../postgres/client-rule.ts";
import { inTransaction, type PostgresClient } from "../postgres/database.ts";
import { tableNames, type TableLike } from "../postgres/tables.ts";
import { publishEvent } from "../postgres/transactional-event.ts";
import { databaseError } from "./postgres-outbox/database-error.ts";
import { installSql, removalSql, type InstallSql } from "./postgres-outbox/install-sql.ts";
import { PostgresOutbox } from "./postgres-outbox/outbox.ts";

export type {
  EmbeddedPostgres,
  EmbeddedTransaction,
  LentConnection,
  PoolConnection,
  PostgresClient,
  PostgresPool,
  QueryResult,
  Queryable,
} from "../postgres/database.ts";
export type { TableLike } from "../postgres/tables.ts";

/** The function's name in messages about options, also in those of the other functions of this file. */
const caller = "postgresOutbox";

export interface OutboxOptions {
  /** A `pg.Pool`, of which the source keeps one connection, or a PGlite. The source does not close it. */
  readonly client: PostgresClient;
  /**
   * Tables that must be captured: if the trigger of one is missing, the source is SOURCE_NOT_READY. Every table with
   * the trigger is captured, also one that is not named. Default: none is required.
   */
  readonly tables?: readonly TableLike[];
  /** Whether to run {@link installOutbox} if anything is missing. Default false, since it needs the owner's rights. */
  readonly install?: boolean;
  /** The schema of the outbox: 1 to 40 of `a` to `z`, digits and `_`. Default `fanfare`. */
  readonly schema?: string;
  /**
   * The interval of polling an idle database, in milliseconds: 1 to 60,000. Default 50. After a change the source polls
   * sooner.
   */
  readonly poll?: number;
  /** The largest number of changes in a batch: 1 to 100,000. Default 1,000. Large rows make batches smaller. */
  readonly batch?: number;
  /**
   * The term of the leader's lease, in milliseconds: 300 to 60,000. Default 3,000. Another process takes over within
   * one and a half terms of the last renewal.
   */
  readonly lease?: number;
  /** Whether to LISTEN for new changes; the outbox must be installed with `notify`. Default false: polling only. */
  readonly notify?: boolean;
  /** Default: the system's clock. */
  readonly clock?: Clock;
}

/** Those of `tables`, `schema` and the numbers are with the code that reads them. */
const rules: RulesOf<OutboxOptions> = {
  client: aPostgresClient,
  tables: anything,
  install: aBoolean,
  schema: anything,
  poll: anything,
  batch: anything,
  lease: anything,
  notify: aBoolean,
  clock: aClock,
};

/**
 * Creates a source that captures changes by triggers, which write them into an outbox table in the same transaction
 * (the transactional outbox). For PostgreSQL 14 to 18, and for PGlite. {@link installOutbox} sets the database up.
 *
 * ```ts
 * await using source = postgresOutbox({ client: pool, tables: ["cars"] });
 * await using relay = createRelay({ source, broker });
 * ```
 *
 * @throws FanfareError BAD_OPTION for an option outside its range.
 */
export function postgresOutbox(options: OutboxOptions): Source {
  checkOptions(caller, options, rules, { required: ["client"] });
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

export interface OutboxInstallOptions {
  /** The tables to capture, beside those that are captured already. */
  readonly tables: readonly TableLike[];
  /** The schema of the outbox. Default `fanfare`. */
  readonly schema?: string;
  /** Roles that may run {@link postgresOutbox}, beside the installing one. Default: none. */
  readonly readers?: readonly string[];
  /** Roles that may publish events in their transactions. Writers of the tables need no right. Default: none. */
  readonly publishers?: readonly string[];
  /**
   * Whether each writing transaction wakes the reader by NOTIFY. Default false. PostgreSQL commits such transactions
   * one after the other, which costs most of the throughput of concurrent writers (bench/CAPTURE.md): for low rates
   * only.
   */
  readonly notify?: boolean;
}

const roles = listOf("roles", aText());
const installRules: RulesOf<OutboxInstallOptions> = {
  tables: anything,
  schema: anything,
  readers: roles,
  publishers: roles,
  notify: aBoolean,
};

/**
 * Installs the outbox and the triggers in one transaction. It is idempotent. Run it as the owner of the tables, and
 * again whenever a table's primary key changes or a partition is added.
 *
 * A table's triggers write each insert, update, delete and truncation into the outbox, from any writer. An update of
 * the primary key is captured as DELETED and CREATED; an update that changes no value is not captured. The triggers'
 * function runs with the rights of the installing role (`security definer`). While no {@link postgresOutbox} reads it,
 * the outbox grows.
 *
 * @throws FanfareError BAD_OPTION for an option outside its range; SOURCE_NOT_READY when a table or a right is missing;
 * SOURCE_UNAVAILABLE when the database cannot be reached.
 */
export async function installOutbox(client: PostgresClient, options: OutboxInstallOptions): Promise<void> {
  checkArgument("installOutbox", "client", client, aPostgresClient);
  await runScript(client, "install the outbox", installSql(installation("installOutbox", options)));
}

/**
 * The SQL that {@link installOutbox} runs, to read first or to put into a migration.
 *
 * @throws FanfareError BAD_OPTION for an option outside its range.
 */
export function outboxSql(options: OutboxInstallOptions): string {
  return `begin;\n${installSql(installation("outboxSql", options))}\ncommit;\n`;
}

export interface OutboxUninstallOptions {
  /** The tables to capture no longer. Default: the whole outbox is removed, with its unpublished changes. */
  readonly tables?: readonly TableLike[];
  /** The schema of the outbox. Default `fanfare`. */
  readonly schema?: string;
}

const uninstallRules: RulesOf<OutboxUninstallOptions> = { tables: anything, schema: anything };

/** Undoes {@link installOutbox}. It is idempotent. @throws FanfareError as `installOutbox`. */
export async function uninstallOutbox(client: PostgresClient, options: OutboxUninstallOptions = {}): Promise<void> {
  checkArgument("uninstallOutbox", "client", client, aPostgresClient);
  await runScript(client, "remove the outbox", removal("uninstallOutbox", options));
}

/** The SQL that {@link uninstallOutbox} runs. @throws FanfareError BAD_OPTION for an option outside its range. */
export function outboxRemovalSql(options: OutboxUninstallOptions = {}): string {
  return `begin;\n${removal("outboxRemovalSql", options)}\ncommit;\n`;
}

const placeRules: Rules = { schema: anything };
const eventRules: RulesOf<TransactionalEvent> = { topic: aText(), payload: anything, id: aText() };

/**
 * Publishes an event if and when a transaction commits. The role must be one of the `publishers` of
 * {@link installOutbox}. In Drizzle, and in any other language, it is a query:
 *
 * ```ts
 * await db.transaction(async (tx) => {
 *   await tx.execute(sql`select fanfare.publish(${topic}, ${JSON.stringify(payload)}::jsonb)`);
 * });
 * ```
 *
 * @param transaction a client of `pg` after `begin`, or a transaction of PGlite.
 * @throws the database's own error, after which the transaction can only be rolled back.
 */
export async function publishInTransaction(
  transaction: Transaction,
  event: TransactionalEvent,
  options: { readonly schema?: string } = {},
): Promise<void> {
  checkArgument("publishInTransaction", "transaction", transaction, aTransaction);
  checkOptions("publishInTransaction", event, eventRules, { required: ["topic"] });
  checkOptions("publishInTransaction", options, placeRules);
  await publishEvent(transaction, schemaOf(options.schema), event);
}

/** Runs all statements in one transaction. */
async function runScript(client: PostgresClient, doing: string, statements: string): Promise<void> {
  try {
    await inTransaction(client, statements, async () => undefined);
  } catch (error) {
    throw databaseError(doing, error);
  }
}

function installation(called: string, options: OutboxInstallOptions): InstallSql {
  checkOptions(called, options, installRules, { required: ["tables"] });
  const { tables, schema, readers = [], publishers = [], notify = false } = options;
  return { schema: schemaOf(schema), tables: tableNames(tables, caller), readers, publishers, notify };
}

function removal(called: string, options: OutboxUninstallOptions): string {
  checkOptions(called, options, uninstallRules);
  const { tables, schema } = options;
  return removalSql(schemaOf(schema), tables && tableNames(tables, caller));
}

function schemaOf(schema: string = "fanfare"): string {
  if (typeof schema === "string" && /^[a-z_][a-z0-9_]{0,39}$/.test(schema)) return schema;
  throw badOption("schema", schema, "1 to 40 of a to z, digits and _, not beginning with a digit");
}

function number(name: string, value: number | undefined, fallback: number, least: number, most: number): number {
  if (value === undefined) return fallback;
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw badOption(name, value, `a whole number from ${least} to ${most}`);
}

function badOption(name: string, value: unknown, allowed: string): FanfareError {
  return new FanfareError("BAD_OPTION", `${caller}: ${name} must be ${allowed}, not ${quoted(value)}`);
}
