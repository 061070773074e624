import { FanfareError } from "../../base/error.ts";
import type { TableName } from "../../contract/captured.ts";
import { readRows, type TextRow } from "../../postgres/database.ts";
import { databaseError } from "./database-error.ts";
import type { PostgresPool } from "./pool.ts";

export interface ReadinessOptions {
  readonly pool: PostgresPool;
  readonly name: string;
  readonly tables: readonly TableName[];
  readonly publication: string;
  readonly unboundedSlot: boolean;
}

const serverQuery = `select current_setting('wal_level') as level, current_setting('max_slot_wal_keep_size') as bound,
  pg_is_in_recovery()::text as standby, (
    select (pubinsert and pubupdate and pubdelete and pubtruncate)::text from pg_publication where pubname = $1
  ) as whole`;

/** The rows of a partitioned table are in its leaf partitions, whose replica identity counts. */
const tablesQuery = `select wanted.value ->> 0 as schema, wanted.value ->> 1 as name, c.oid::text as id, (
    select bool_and(leaf.relreplident = 'f')::text from pg_class leaf where leaf.relkind = 'r' and leaf.oid in (
      select c.oid union select relid from pg_partition_tree(c.oid)
    )
  ) as full, exists (
    select from pg_publication_tables p
    where p.pubname = $2 and p.schemaname = wanted.value ->> 0 and p.tablename = wanted.value ->> 1
  )::text as published
from jsonb_array_elements($1::text::jsonb) wanted
left join (pg_class c join pg_namespace n on n.oid = c.relnamespace and c.relkind in ('r', 'p'))
  on n.nspname = wanted.value ->> 0 and c.relname = wanted.value ->> 1`;

/**
 * Resolves if the database has everything that replication needs.
 *
 * @throws FanfareError SOURCE_NOT_READY with what is missing and what to do; SOURCE_UNAVAILABLE when the database
 * cannot be reached.
 */
export async function assertReady({ pool, name, tables, publication, unboundedSlot }: ReadinessOptions): Promise<void> {
  const names = JSON.stringify(tables.map((table) => [table.schema, table.name]));
  try {
    const [server] = await readRows(pool, serverQuery, [publication]);
    const found = await readRows(pool, tablesQuery, [names, publication]);
    const lacks = [...serverLacks(server ?? {}, publication, unboundedSlot), ...found.flatMap(tableLacks(publication))];
    if (lacks.length > 0) throw new FanfareError("SOURCE_NOT_READY", `${name}: ${lacks.join("; ")}`);
  } catch (error) {
    throw databaseError(name, "look at the database", error);
  }
}

function serverLacks({ level, bound, standby, whole }: TextRow, publication: string, unbounded: boolean): string[] {
  const lacks: string[] = [];
  if (level !== "logical") {
    lacks.push(`wal_level is ${level}: set wal_level = logical in postgresql.conf and restart PostgreSQL`);
  }
  if (standby === "true") lacks.push("the server is a standby: connect to the primary");
  if (bound === "-1" && !unbounded) {
    lacks.push(
      "max_slot_wal_keep_size is unlimited, so a slot that nobody reads fills the disk: set it to what may be kept, " +
        "such as 10GB, or accept it with unboundedSlot: true",
    );
  }
  if (whole === null) lacks.push(`there is no publication ${publication}: run installReplication`);
  if (whole === "false") lacks.push(`the publication ${publication} must publish insert, update, delete and truncate`);
  return lacks;
}

function tableLacks(publication: string): (row: TextRow) => string[] {
  return ({ schema, name, id, full, published }) => {
    const table = `${schema}.${name}`;
    if (!id) return [`there is no table ${table}`];
    const lacks: string[] = [];
    if (full !== "true") {
      lacks.push(
        `the table ${table} has no full replica identity, so the log lacks its old rows: run installReplication, or ` +
          `alter table ${table} replica identity full`,
      );
    }
    if (published !== "true") {
      lacks.push(`the table ${table} is not in the publication ${publication}: run installReplication`);
    }
    return lacks;
  };
}
