import { FanfareError } from "../../base/error.ts";
import type { TableName } from "../../contract/captured.ts";
import type { Connection } from "../../postgres/connection.ts";
import { textOf } from "../../postgres/database.ts";
import { identifier, tableIdentifier } from "../../postgres/quote.ts";
import { howToInstall } from "./database-error.ts";

/**
 * Resolves if the database has everything that the outbox needs.
 *
 * @throws FanfareError SOURCE_NOT_READY with what is missing and what to do; SOURCE_UNAVAILABLE when the database
 * cannot be reached.
 */
export async function assertReady(connection: Connection, schema: string, tables: readonly TableName[]): Promise<void> {
  const own = identifier(schema);
  const [state] = await connection.read(
    "look at the database",
    `select pg_is_in_recovery()::text as standby,
       (select count(*) from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname = $1 and c.relname in ('outbox', 'outbox_progress', 'outbox_lease'))::text as found`,
    [schema],
  );
  if (!state || textOf(state, "standby") === "true") {
    throw notReady("the database is a standby. Connect to the primary server");
  }
  if (textOf(state, "found") !== "3") throw notReady(`there is no outbox in the schema ${own}. ${howToInstall}`);
  const captured = await capturedTables(connection, schema);
  for (const table of tables) {
    const found = captured.find(({ schema: of, name }) => of === table.schema && name === table.name);
    if (found?.ready === true) continue;
    const shown = tableIdentifier(table);
    if (found)
      throw notReady(
        `the trigger on ${shown} is disabled, or does not know the table's primary key or virtual columns. ${howToInstall}`,
      );
    if (await exists(connection, table)) throw notReady(`the table ${shown} has no trigger. ${howToInstall}`);
    throw notReady(`there is no table ${shown}. Create it, or correct the name: it is spelled as in the database`);
  }
}

/** A table by the name under which its changes are captured. */
interface CapturedTable extends TableName {
  /** Whether its trigger is enabled, and its arguments match the present table. */
  readonly ready: boolean;
}

/** The tables with the trigger. */
export async function capturedTables(connection: Connection, schema: string): Promise<readonly CapturedTable[]> {
  const rows = await connection.read(
    "look for triggers",
    `select encode(t.tgargs, 'hex') as arguments, (t.tgenabled in ('A', 'O'))::text as enabled,
       array_to_json(array[case when exists (
         select from pg_catalog.pg_attribute a
         where a.attrelid = t.tgrelid and a.attgenerated = 'v' and not a.attisdropped
       ) then 'virtual' else '' end] || array(
         select a.attname::text from pg_catalog.pg_index i
         cross join lateral unnest(i.indkey) with ordinality as k (number, position)
         join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
         where i.indrelid = t.tgrelid and i.indisprimary order by k.position
       ))::text as shape
     from pg_catalog.pg_trigger t join pg_catalog.pg_proc p on p.oid = t.tgfoid
     join pg_catalog.pg_namespace n on n.oid = p.pronamespace
     where n.nspname = $1 and p.proname = 'capture' and t.tgparentid = 0`,
    [schema],
  );
  return rows.map((row) => {
    // `pg_trigger.tgargs`: each argument ends with a zero byte.
    const words = Buffer.from(textOf(row, "arguments"), "hex").toString().split("\0").slice(0, -1);
    const [of = "", name = "", ...shape] = words;
    return {
      schema: of,
      name,
      ready: row["enabled"] === "true" && JSON.stringify(shape) === JSON.stringify(JSON.parse(textOf(row, "shape"))),
    };
  });
}

async function exists(connection: Connection, { schema, name }: TableName): Promise<boolean> {
  const rows = await connection.read(
    "look for a table",
    `select true::text as there from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p')`,
    [schema, name],
  );
  return rows.length > 0;
}

function notReady(what: string): FanfareError {
  return new FanfareError("SOURCE_NOT_READY", `postgres-outbox: ${what}`);
}
