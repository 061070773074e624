import type { TableName } from "../../contract/captured.ts";
import { identifier } from "../postgres/quote.ts";
import { installLock, namesOf } from "./install-sql.ts";

/**
 * The statements that remove the triggers of some tables, or, without tables, the outbox with all its triggers and with
 * what was not published yet. Harmless where nothing is there.
 */
export function removalSql(schema: string, tables: readonly TableName[] | undefined): string {
  const head = `${installLock};\nset local search_path = pg_catalog, pg_temp;`;
  return `${head}\n\n${tables ? triggersRemovalSql(tables) : outboxRemovalSql(schema, identifier(schema))}`;
}

function triggersRemovalSql(tables: readonly TableName[]): string {
  const rows = tables.map(namesOf);
  return `do $fanfare$
declare
  found record;
begin
  for found in
    select t.tgname, t.tgrelid::regclass as relation from pg_trigger t
    join (
      select c.oid as id from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where (n.nspname, c.relname) in (${rows.join(", ")})
    ) wanted on t.tgrelid = wanted.id or t.tgrelid in (select relid from pg_partition_tree(wanted.id))
    where t.tgname in ('fanfare_capture', 'fanfare_truncate') and t.tgparentid = 0
  loop
    execute format('drop trigger %I on %s', found.tgname, found.relation);
  end loop;
end
$fanfare$;`;
}

/** The schema itself stays where it holds anything else. */
function outboxRemovalSql(schema: string, own: string): string {
  return `do $fanfare$
begin
  if exists (select from pg_namespace where nspname = '${schema}') then
    drop function if exists ${own}.capture() cascade;
    drop function if exists ${own}.capture_truncate() cascade;
    drop function if exists ${own}.publish(text, jsonb, text);
    drop function if exists ${own}.outbox_identity();
    drop table if exists ${own}.outbox, ${own}.outbox_progress, ${own}.outbox_lease;
    begin
      drop schema ${own};
    exception when dependent_objects_still_exist then
      null;
    end;
  end if;
end
$fanfare$;`;
}
