/** Whether a type, by its oid, is `json`, `jsonb` or a domain over one of them, however deep. */
export function isDocument(type: string): string {
  return `(with recursive base (oid) as (
    select ${type}
    union all
    select t.typbasetype from base b join pg_catalog.pg_type t on t.oid = b.oid where t.typtype = 'd'
  ) select bool_or(b.oid in ('pg_catalog.json'::regtype, 'pg_catalog.jsonb'::regtype)) from base b)`;
}

/**
 * The names of a table's columns that hold documents, as an array. It is empty where there is no such table any more.
 *
 * @param schema, table SQL for the two names.
 */
export function documentColumns(schema: string, table: string): string {
  return `array(
    select a.attname::text from pg_catalog.pg_attribute a
    join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ${schema} and c.relname = ${table} and a.attnum > 0 and not a.attisdropped
    and ${isDocument("a.atttypid")}
  )`;
}
