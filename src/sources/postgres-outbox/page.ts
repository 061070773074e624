import type { Connection } from "../../postgres/connection.ts";
import { textOf, type TextRow } from "../../postgres/database.ts";
import { identifier } from "../../postgres/quote.ts";
import { capturedColumns, documentColumns } from "./captured-rows.ts";

/** A page of the outbox: rows that are published as one batch. */
export interface Page {
  readonly rows: readonly TextRow[];
  /** Whether the window has further rows. */
  readonly more: boolean;
}

/** The first page of a new window. */
export interface Found extends Page {
  /** The snapshot of the search, which ends the window. */
  readonly snapshot: string;
  /** The number of rows in the window, counted up to {@link counted}. */
  readonly waiting: number;
}

/** The number up to which waiting rows are counted. */
const counted = 100_000;

/** A page is full once its rows have this many bytes, as the database stores them; the last row may exceed it. */
const pageBytes = 4 * 1024 * 1024;

export interface PageSize {
  readonly schema: string;
  /** The largest number of rows in a page. */
  readonly batch: number;
}

/**
 * Finds the rows that became visible since the snapshot `previous`. Of the transactions that were running then, only
 * those that have ended since are searched, so that the rows of a transaction of hours are not scanned at each poll.
 */
export async function find(connection: Connection, { schema, batch }: PageSize, previous: string): Promise<Found> {
  const table = `${identifier(schema)}.outbox`;
  const visible = `(
    select * from ${table} where xid >= pg_snapshot_xmax($1::text::pg_snapshot)
    union all
    select * from ${table} where xid = any (array(
      select x from pg_snapshot_xip($1::text::pg_snapshot) x where pg_visible_in_snapshot(x, pg_current_snapshot())
    ))
  )`;
  const rows = await connection.read(
    "read the outbox",
    `select s.snapshot, o.* from (select pg_current_snapshot()::text as snapshot) s
     left join (${pageOf(visible, 2)}) o on true order by o.position`,
    [previous, String(batch + 1), String(pageBytes), String(batch)],
  );
  const [first] = rows;
  const snapshot = first ? textOf(first, "snapshot") : previous;
  if (first?.["seq"] == null) return { snapshot, rows: [], more: false, waiting: 0 };
  const more = Number(textOf(first, "found")) > rows.length;
  if (!more) return { snapshot, rows, more, waiting: rows.length };
  const [count] = await connection.read(
    "count the outbox",
    `select count(*)::text as waiting from (select from ${visible} o limit ${counted}) o`,
    [previous],
  );
  return { snapshot, rows, more, waiting: count ? Number(textOf(count, "waiting")) : rows.length };
}

/** The page of a window after a `seq`, in the order of `seq`. A window takes time linear in its number of rows. */
export async function nextPage(
  connection: Connection,
  { schema, batch }: PageSize,
  window: { readonly previous: string; readonly next: string; readonly page: string },
): Promise<Page> {
  const rows = await connection.read(
    "read the outbox",
    pageOf(
      `(select * from ${identifier(schema)}.outbox where seq > $1::text::bigint
        and pg_visible_in_snapshot(xid, $2::text::pg_snapshot)
        and not pg_visible_in_snapshot(xid, $3::text::pg_snapshot))`,
      4,
    ),
    [window.page, window.next, window.previous, String(batch + 1), String(pageBytes), String(batch)],
  );
  const [first] = rows;
  return { rows, more: first !== undefined && Number(textOf(first, "found")) > rows.length };
}

/** @param first the number of the first of three parameters: rows to scan, bytes of a page, rows of a page. */
function pageOf(window: string, first: number): string {
  return `with page as materialized (
    select w.* from (
      select w.*, sum(w.size) over (order by w.seq) - w.size as bytes_before, count(*) over () as found from (
        select o.*, coalesce(pg_column_size(o.before), 0) + coalesce(pg_column_size(o.after), 0)
          + coalesce(pg_column_size(o.payload), 0) as size
        from ${window} o order by o.seq limit $${first}::text::bigint
      ) w
    ) w where w.bytes_before < $${first + 1}::text::bigint order by w.seq limit $${first + 2}::text::bigint
  ), described as materialized (
    select t.table_schema, t.table_name, ${documentColumns("t.table_schema", "t.table_name")} as columns
    from (select distinct table_schema, table_name from page where table_name is not null) t
  )
  select ${capturedColumns}, o.found::text, o.seq as position
  from page o left join described d on d.table_schema = o.table_schema and d.table_name = o.table_name
  order by o.seq`;
}
