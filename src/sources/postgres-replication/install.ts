import { FanfareError } from "../../base/error.ts";
import { checkArgument, checkOptions } from "../../base/option-check.ts";
import { anything, aText, listOf, type RulesOf } from "../../base/rule.ts";
import type { TableName } from "../../contract/captured.ts";
import { aQueryable } from "../../postgres/client-rule.ts";
import { textRows } from "../../postgres/database.ts";
import { leadColumns } from "../../postgres/lead.ts";
import { identifier, literal, tableIdentifier } from "../../postgres/quote.ts";
import { catalogPath, forFunction } from "../../postgres/settings.ts";
import { tableNames, type TableLike } from "../../postgres/tables.ts";
import { databaseError } from "./database-error.ts";
import type { PostgresPool } from "./pool.ts";

export interface ReplicationInstallOptions {
  /** The tables to capture, beside those that are captured already; a table may be partitioned. */
  readonly tables: readonly TableLike[];
  /** The schema for Fanfare's own tables and functions. Default `fanfare`. */
  readonly schema?: string;
  /** The name of the publication. Default `fanfare`. */
  readonly publication?: string;
}

export interface ReplicationUninstallOptions {
  /** The schema, as given to {@link installReplication}. Default `fanfare`. */
  readonly schema?: string;
  /** The publication, as given to {@link installReplication}. Default `fanfare`. */
  readonly publication?: string;
  /** The replication slots to drop, which must not be in use. Default `["fanfare"]`. */
  readonly slots?: readonly string[];
}

const installRules: RulesOf<ReplicationInstallOptions> = { tables: anything, schema: aText(), publication: aText() };
const uninstallRules: RulesOf<ReplicationUninstallOptions> = {
  schema: aText(),
  publication: aText(),
  slots: listOf("slots", aText()),
};

/**
 * Sets a database up for `postgresReplication`: runs {@link replicationSql} in one transaction. It is idempotent. Run
 * it as the owner of the tables, with the right to create publications and schemas.
 *
 * @throws FanfareError SOURCE_NOT_READY when an object or a right is missing, or a schema is another role's;
 * SOURCE_UNAVAILABLE when the database cannot be reached.
 */
export async function installReplication(
  client: Pick<PostgresPool, "query">,
  options: ReplicationInstallOptions,
): Promise<void> {
  checkArgument("installReplication", "client", client, aQueryable);
  checkOptions("installReplication", options, installRules, { required: ["tables"] });
  const { schema = "fanfare" } = options;
  try {
    const outbox = `select to_regclass(${literal(`${identifier(schema)}.outbox`)})::text as outbox`;
    const [row] = await textRows(client, outbox);
    if (row?.["outbox"]) throw occupied(schema);
    await client.query(replicationSql(options));
  } catch (error) {
    throw databaseError("installReplication", "set the database up", error);
  }
}

/**
 * Removes what {@link installReplication} has created, and the slots. Tables keep their replica identity, since the
 * earlier one is unknown.
 *
 * @throws FanfareError SOURCE_NOT_READY for a slot in use; SOURCE_UNAVAILABLE when the database cannot be reached.
 */
export async function uninstallReplication(
  client: Pick<PostgresPool, "query">,
  options: ReplicationUninstallOptions = {},
): Promise<void> {
  checkArgument("uninstallReplication", "client", client, aQueryable);
  checkOptions("uninstallReplication", options, uninstallRules);
  try {
    await client.query(replicationRemovalSql(options));
  } catch (error) {
    throw databaseError("uninstallReplication", "take everything away", error);
  }
}

/** The SQL that {@link installReplication} runs. @throws FanfareError BAD_OPTION for an invalid name. */
export function replicationSql(options: ReplicationInstallOptions): string {
  checkOptions("replicationSql", options, installRules, { required: ["tables"] });
  const { tables, schema = "fanfare", publication = "fanfare" } = options;
  const own = identifier(schema);
  return [
    `create schema if not exists ${own};`,
    `create table if not exists ${own}.replication (
  slot text primary key,
  holder text,
  ${leadColumns},
  epoch text,
  system text,
  timeline text,
  confirmed pg_lsn,
  gap_at timestamptz,
  gap_transaction xid8
) with (fillfactor = 50);`,
    // A secret prefix: every role can write logical messages, and only those with the key count as events.
    `create table if not exists ${own}.replication_key (key text not null);`,
    `insert into ${own}.replication_key
select replace(gen_random_uuid()::text, '-', '') where not exists (select from ${own}.replication_key);`,
    `create or replace function ${own}.publish(topic text, payload jsonb, event text default null) returns void
language plpgsql security definer ${forFunction(catalogPath)} as${literal(publishBody(own))};`,
    `revoke all on ${own}.replication, ${own}.replication_key from public;`,
    `revoke all on function ${own}.publish(text, jsonb, text) from public;`,
    publicationSql(publication),
    ...tableNames(tables, "installReplication").map((table) => tableSql(table, publication)),
  ].join("\n");
}

/** The SQL that {@link uninstallReplication} runs. @throws FanfareError BAD_OPTION for an invalid name. */
export function replicationRemovalSql(options: ReplicationUninstallOptions = {}): string {
  checkOptions("replicationRemovalSql", options, uninstallRules);
  const { schema = "fanfare", publication = "fanfare", slots = ["fanfare"] } = options;
  const own = identifier(schema);
  return [
    ...slots.map(
      (slot) =>
        `select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name =${literal(slot)};`,
    ),
    `drop publication if exists ${identifier(publication)};`,
    `drop function if exists ${own}.publish(text, jsonb, text);`,
    `drop table if exists ${own}.replication, ${own}.replication_key;`,
    `do $$ begin
  execute ${dollarFree(`drop schema if exists ${own}`)};
exception when dependent_objects_still_exist then null;
end $$;`,
  ].join("\n");
}

function publishBody(own: string): string {
  return `
begin
  perform pg_logical_emit_message(
    true,
    'fanfare:' || (select key from ${own}.replication_key),
    jsonb_build_object('topic', topic, 'payload', payload, 'event', event)::text
  );
end`;
}

/** With `publish_via_partition_root`, changes of a partition are captured as changes of the partitioned table. */
function publicationSql(publication: string): string {
  const name = identifier(publication);
  return `do $$ begin
  if not exists (select from pg_publication where pubname =${dollarFree(publication)}) then
    execute ${dollarFree(`create publication ${name} with (publish_via_partition_root = true)`)};
  end if;
  if current_setting('server_version_num')::int >= 180000 then
    execute ${dollarFree(`alter publication ${name} set (publish_generated_columns = stored)`)};
  end if;
end $$;`;
}

function tableSql(table: TableName, publication: string): string {
  const name = tableIdentifier(table);
  return `do $$ declare part regclass; begin
  for part in select ${dollarFree(name)}::regclass union select relid from pg_partition_tree(${dollarFree(name)}) loop
    if (select relreplident from pg_class where oid = part) <> 'f' then
      execute format('alter table %s replica identity full', part);
    end if;
  end loop;
  if not exists (
    select from pg_publication_tables where pubname =${dollarFree(publication)}
      and schemaname =${dollarFree(table.schema)} and tablename =${dollarFree(table.name)}
  ) then
    execute ${dollarFree(`alter publication ${identifier(publication)} add table ${name}`)};
  end if;
end $$;`;
}

/** A string literal for a dollar-quoted body, which no name in it may end. */
function dollarFree(text: string): string {
  return literal(text).replaceAll("$", "\\x24");
}

function occupied(schema: string): FanfareError {
  const message = `the schema ${schema} holds an outbox, whose function publish would be replaced: uninstall the outbox first, or give another schema`;
  return new FanfareError("SOURCE_NOT_READY", `installReplication: ${message}`);
}
