import { FanfareError } from "../../base/error.ts";
import type { SnapshotRequest, TableSnapshot } from "../../contract/source.ts";
import {
  inTransaction,
  textOf,
  textRows,
  type PostgresClient,
  type Queryable,
  type TextRow,
} from "../../postgres/database.ts";
import { identifier, literal, tableIdentifier } from "../../postgres/quote.ts";
import { equalText, forTransaction } from "../../postgres/settings.ts";
import { TransactionSnapshot } from "../../postgres/transaction-snapshot.ts";
import { capturedRow, rowText } from "./captured-rows.ts";
import { databaseError } from "./database-error.ts";
import { documentColumns, isDocument } from "./documents.ts";

const opening = `set transaction read only; ${forTransaction(equalText)}`;

/** Types of these categories have a text in a captured row that PostgreSQL does not read back: arrays and composites. */
const columnsQuery = `select a.attname::text as name, format_type(a.atttypid, a.atttypmod) as type,
  (t.typcategory in ('A', 'C') or ${isDocument("a.atttypid")})::text as "asJson"
from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid
join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relname = $2 and a.attnum > 0 and not a.attisdropped`;

/**
 * Reads a table in one snapshot.
 *
 * @throws FanfareError SOURCE_NOT_READY, SOURCE_UNAVAILABLE, OVERFLOW
 */
export async function readTable(
  client: PostgresClient,
  request: SnapshotRequest,
  signal: AbortSignal | undefined,
): Promise<TableSnapshot> {
  try {
    return await inTransaction(client, opening, async (transaction) => {
      signal?.throwIfAborted();
      const { condition, values } = await conditionOf(transaction, request);
      signal?.throwIfAborted();
      return readSnapshot(await textRows(transaction, selection(request, condition), values), request);
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw databaseError(`read the table ${tableIdentifier(request.table)}`, error);
  }
}

/** The snapshot stands in each row, and in one without a table's row where there is none. One statement has one snapshot. */
function selection({ table, key, limit }: SnapshotRequest, condition: string): string {
  const order = key.length > 0 ? `order by ${key.map((column) => `t.${identifier(column)}`).join(", ")}` : "";
  const documents = `(${documentColumns(literal(table.schema), literal(table.name))})`;
  return `select s.snapshot, r.row from (select pg_current_snapshot()::text as snapshot) s left join (
    select ${rowText("to_jsonb(t)", documents)} as row, row_number() over (${order}) as position
    from ${tableIdentifier(table)} t${condition} ${order} limit ${limit + 1}
  ) r on true order by r.position`;
}

function readSnapshot(rows: readonly TextRow[], { table, limit }: SnapshotRequest): TableSnapshot {
  const [first] = rows;
  if (!first) throw new TypeError("A snapshot has at least its own row");
  const snapshot = new TransactionSnapshot(textOf(first, "snapshot"));
  const found = rows.map((row) => capturedRow(row["row"])).filter((row) => row !== null);
  if (found.length > limit) {
    const message = `postgres-outbox: more than ${limit} rows of ${tableIdentifier(table)} were asked for; narrow the condition`;
    throw new FanfareError("OVERFLOW", message);
  }
  return { rows: found, includes: (transaction) => snapshot.includes(BigInt(transaction)) };
}

async function conditionOf(
  transaction: Queryable,
  { table, key, equal = {} }: SnapshotRequest,
): Promise<{ readonly condition: string; readonly values: string[] }> {
  const found = await textRows(transaction, columnsQuery, [table.schema, table.name]);
  const columns = new Map(found.map((row) => [textOf(row, "name"), row]));
  if (columns.size === 0) throw notReady(`there is no table ${tableIdentifier(table)}`);
  const missing = [...key, ...Object.keys(equal)].find((column) => !columns.has(column));
  if (missing !== undefined) throw notReady(`the table ${tableIdentifier(table)} has no column ${identifier(missing)}`);

  const values: string[] = [];
  const conditions = Object.entries(equal).map(([name, value]) => {
    const column = `t.${identifier(name)}`;
    if (value === null) return `${column} is null`;
    const place = `$${values.push(value)}::text`;
    const known = columns.get(name);
    if (known?.["asJson"] === "true") return `to_jsonb(${column}) = ${place}::jsonb`;
    return `${column} = ${place}::${known ? textOf(known, "type") : "text"}`;
  });
  return { condition: conditions.length > 0 ? ` where ${conditions.join(" and ")}` : "", values };
}

function notReady(what: string): FanfareError {
  return new FanfareError("SOURCE_NOT_READY", `postgres-outbox: ${what}`);
}
