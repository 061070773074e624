import type { TableName } from "../contract/captured.ts";
import { textOf, textRows, type Queryable } from "./database.ts";

/** A column of a table, from PostgreSQL's catalog. */
export interface Column {
  readonly name: string;
  /** The oid of the column's type. */
  readonly type: number;
  /** The column's type as SQL, without length or precision: a cast to those would truncate a longer value. */
  readonly typeName: string;
  /**
   * Whether a captured row holds the column's values as JSON: documents, arrays and composites. PostgreSQL cannot cast
   * that text back to the type.
   */
  readonly isJson: boolean;
}

/** A table as PostgreSQL's catalog has it. */
export interface TableShape {
  /** In their order; none if the table does not exist. */
  readonly columns: readonly Column[];
  /** Whether its rows are in partitions. Those of a table's heirs (`inherits`) are not the table's. */
  readonly isPartitioned: boolean;
}

/**
 * Reads the shape of a table.
 *
 * @param condition SQL that selects the columns, where `a` is a row of `pg_attribute`.
 */
export async function shapeOf(
  database: Queryable,
  { schema, name }: TableName,
  condition: string = "true",
): Promise<TableShape> {
  const rows = await textRows(
    database,
    `select c.relkind::text as kind, a.attname::text as name, a.atttypid::text as type, pg_catalog.format_type(a.atttypid, -1) as type_name,
       (t.typcategory in ('A', 'C') or ${isDocument("a.atttypid")})::text as is_json
     from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid
     join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and c.relname = $2 and a.attnum > 0 and not a.attisdropped and (${condition})
     order by a.attnum`,
    [schema, name],
  );
  const columns = rows.map((row) => ({
    name: textOf(row, "name"),
    type: Number(textOf(row, "type")),
    typeName: textOf(row, "type_name"),
    isJson: row["is_json"] === "true",
  }));
  return { columns, isPartitioned: rows[0]?.["kind"] === "p" };
}

/** SQL for whether a type, by its oid, is `json`, `jsonb` or a domain over one of them, at any depth. */
export function isDocument(type: string): string {
  return `(with recursive base (oid) as (
    select ${type}
    union all
    select t.typbasetype from base b join pg_catalog.pg_type t on t.oid = b.oid where t.typtype = 'd'
  ) select bool_or(b.oid in ('pg_catalog.json'::regtype, 'pg_catalog.jsonb'::regtype)) from base b)`;
}
