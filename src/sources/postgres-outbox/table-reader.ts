import { FanfareError } from "../../base/error.ts";
import type { SnapshotRequest, TableSnapshot } from "../../contract/source.ts";
import { shapeOf } from "../../postgres/columns.ts";
import {
  inTransaction,
  textOf,
  textRows,
  type PostgresClient,
  type Queryable,
  type TextRow,
} from "../../postgres/database.ts";
import { identifier, literal, tableIdentifier } from "../../postgres/quote.ts";
import { refusedValue } from "../../postgres/refused-value.ts";
import { equalText, forTransaction } from "../../postgres/settings.ts";
import { missingColumn, selectionOf, tableSnapshot, type TableSelection } from "../../postgres/table-snapshot.ts";
import { capturedRow, documentColumns, rowText } from "./captured-rows.ts";
import { databaseError } from "./database-error.ts";

const opening = `set transaction read only; ${forTransaction(equalText)}`;

/**
 * Reads a table's rows and the snapshot that shows them, by one statement.
 *
 * @throws FanfareError SOURCE_NOT_READY, BAD_VALUE, SOURCE_UNAVAILABLE, OVERFLOW, see `TableReader`.
 */
export async function readTable(
  client: PostgresClient,
  request: SnapshotRequest,
  signal: AbortSignal | undefined,
): Promise<TableSnapshot> {
  try {
    return await inTransaction(client, opening, async (transaction) => {
      signal?.throwIfAborted();
      const selection = await selectionIn(transaction, request);
      signal?.throwIfAborted();
      return readSnapshot(await textRows(transaction, statement(request, selection), selection.values), request);
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    const refused = await refusedValue("postgres-outbox", request, error, (read) =>
      inTransaction(client, opening, read),
    );
    throw refused ?? databaseError(`read the table ${tableIdentifier(request.table)}`, error);
  }
}

async function selectionIn(transaction: Queryable, request: SnapshotRequest): Promise<TableSelection> {
  const shape = await shapeOf(transaction, request.table);
  const { columns } = shape;
  const shown = tableIdentifier(request.table);
  if (columns.length === 0) throw notReady(`there is no table ${shown}`);
  const missing = missingColumn(request, columns);
  if (missing !== undefined) throw notReady(`the table ${shown} has no column ${identifier(missing)}`);
  return selectionOf(request, shape);
}

/** Each row has the snapshot; without rows of the table there is one row with the snapshot alone. */
function statement({ table }: SnapshotRequest, { from, order }: TableSelection): string {
  const documents = `(${documentColumns(literal(table.schema), literal(table.name))})`;
  return `select s.snapshot, r.row from (select pg_current_snapshot()::text as snapshot) s left join (
    select ${rowText("to_jsonb(t.*)", documents)} as row, row_number() over (${order}) as position ${from}
  ) r on true order by r.position`;
}

function readSnapshot(rows: readonly TextRow[], { table, limit }: SnapshotRequest): TableSnapshot {
  const [first] = rows;
  if (!first) throw new TypeError("A snapshot has at least its own row");
  const found = rows.map((row) => capturedRow(row["row"])).filter((row) => row !== null);
  if (found.length > limit) {
    const message = `postgres-outbox: more than ${limit} rows of ${tableIdentifier(table)} were asked for; narrow the condition`;
    throw new FanfareError("OVERFLOW", message);
  }
  return tableSnapshot(textOf(first, "snapshot"), found);
}

function notReady(what: string): FanfareError {
  return new FanfareError("SOURCE_NOT_READY", `postgres-outbox: ${what}`);
}
