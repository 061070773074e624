import type { Captured, CapturedRow } from "../../contract/captured.ts";
import { isDocument } from "../../postgres/columns.ts";
import { textOf, type TextRow } from "../../postgres/database.ts";

/**
 * Decodes a row of the outbox with the columns {@link capturedColumns}.
 *
 * @param epoch of the place.
 * @param number of the window, the `major` of the place.
 */
export function captured(row: TextRow, epoch: string, number: bigint): Captured {
  const place = { epoch, major: number, minor: BigInt(textOf(row, "seq")) };
  const at = Number(textOf(row, "at"));
  const kind = textOf(row, "kind");
  if (kind === "EVENT") {
    const payload: unknown = JSON.parse(textOf(row, "payload"));
    return { kind: "event", place, topic: textOf(row, "topic"), payload, id: row["event"] ?? undefined, at };
  }
  const table = { schema: textOf(row, "table_schema"), name: textOf(row, "table_name") };
  const transaction = textOf(row, "xid");
  if (kind !== "CREATED" && kind !== "UPDATED" && kind !== "DELETED") {
    return { kind: "truncation", place, table, at, transaction };
  }
  const [before, after] = [capturedRow(row["before"]), capturedRow(row["after"])];
  const moved = row["moved"] === "true";
  return { kind: "change", place, table, action: kind, before, after, moved, at, transaction };
}

export function capturedRow(text: string | null | undefined): CapturedRow | null {
  if (text == null) return null;
  const row: CapturedRow = JSON.parse(text);
  return row;
}

/**
 * SQL for a row as JSON whose values are all text or null, a `CapturedRow`. A row without columns is an empty object.
 *
 * @param jsonb SQL of the row as `to_jsonb` gives it.
 * @param documents SQL of an array of the columns that hold JSON documents, or null. A string in one of them keeps its
 *   quotes, since the document `"1"` is not the document `1`.
 */
export function rowText(jsonb: string, documents: string): string {
  return `coalesce((select json_object_agg(key,
    case when jsonb_typeof(value) = 'string' and key = any (${documents}) then value::text else value #>> '{}' end
  ) from jsonb_each(${jsonb})), '{}')::text`;
}

/**
 * SQL for the names of a table's columns that hold JSON documents, as an array; empty if the table no longer exists.
 *
 * @param schema SQL of the schema's name.
 * @param table SQL of the table's name.
 */
export function documentColumns(schema: string, table: string): string {
  return `array(
    select a.attname::text from pg_catalog.pg_attribute a
    join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ${schema} and c.relname = ${table} and a.attnum > 0 and not a.attisdropped
    and ${isDocument("a.atttypid")}
  )`;
}

/** The columns of a row `o` of the outbox, as text. `d.columns` are its table's {@link documentColumns}. */
export const capturedColumns: string = `o.seq::text, o.xid::text, o.kind, o.moved::text, o.table_schema, o.table_name,
  round(extract(epoch from o.at) * 1000)::text as at,
  round(extract(epoch from clock_timestamp() - o.at) * 1000)::text as age,
  case when o.before is not null then ${rowText("o.before", "d.columns")} end as before,
  case when o.after is not null then ${rowText("o.after", "d.columns")} end as after,
  o.topic, o.payload::text, o.event`;
