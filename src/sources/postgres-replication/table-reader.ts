import { FanfareError } from "../../base/error.ts";
import type { CapturedRow } from "../../contract/captured.ts";
import type { SnapshotRequest, TableSnapshot } from "../../contract/source.ts";
import { shapeOf, type TableShape } from "../../postgres/columns.ts";
import { inPooledTransaction, textOf, textRows } from "../../postgres/database.ts";
import { identifier } from "../../postgres/quote.ts";
import { refusedValue } from "../../postgres/refused-value.ts";
import { catalogPath, equalText, forTransaction } from "../../postgres/settings.ts";
import { missingColumn, selectionOf, tableSnapshot } from "../../postgres/table-snapshot.ts";
import { databaseError } from "./database-error.ts";
import type { PostgresConnection, PostgresPool } from "./pool.ts";
import { valueForms } from "./value-form.ts";

const opening = `set transaction isolation level repeatable read, read only;
${forTransaction({ ...equalText, ...catalogPath })}`;

/** SQL for whether a column is in the log: generated columns are not, before PostgreSQL 18. */
const inLog = `a.attgenerated = '' or a.attgenerated = 's' and current_setting('server_version_num')::int >= 180000`;

/**
 * Reads a table's rows and the snapshot that shows them, in one transaction.
 *
 * @throws FanfareError SOURCE_NOT_READY, BAD_VALUE, SOURCE_UNAVAILABLE, OVERFLOW, see `TableReader`.
 */
export async function readTable(name: string, pool: PostgresPool, request: SnapshotRequest): Promise<TableSnapshot> {
  const table = `${request.table.schema}.${request.table.name}`;
  const refusal = (what: string): FanfareError => new FanfareError("SOURCE_NOT_READY", `${name}: ${what}`);
  try {
    return await inPooledTransaction(pool, opening, async (connection) => {
      const [row] = await textRows(connection, "select pg_current_snapshot()::text as snapshot");
      const shape = await shapeOf(connection, request.table, inLog);
      const { columns } = shape;
      if (columns.length === 0) throw refusal(`there is no table ${table}`);
      const missing = missingColumn(request, columns);
      if (missing !== undefined) throw refusal(`the table ${table} has no column ${missing}`);
      const rows = await rowsOf(connection, shape, request);
      if (rows.length > request.limit) {
        const message = `more than ${request.limit} rows of ${table} were asked for; narrow the condition`;
        throw new FanfareError("OVERFLOW", `${name}: ${message}`);
      }
      return tableSnapshot(textOf(row ?? {}, "snapshot"), rows);
    });
  } catch (error) {
    const refused = await refusedValue(name, request, error, (read) => inPooledTransaction(pool, opening, read));
    throw refused ?? databaseError(name, `read the table ${table}`, error);
  }
}

async function rowsOf(
  connection: PostgresConnection,
  shape: TableShape,
  request: SnapshotRequest,
): Promise<readonly CapturedRow[]> {
  const { columns } = shape;
  const types = columns.map(({ type }) => type);
  const forms = await valueForms(connection, types);
  const names = columns.map(({ name }) => `t.${identifier(name)}`).join(", ");
  const { from, values } = selectionOf(request, shape);
  const text = `select ${names} ${from}`;
  const { rows } = await connection.query({ text, values, rowMode: "array", types: { getTypeParser: () => String } });
  return rows.map((printed) => {
    if (!Array.isArray(printed)) throw new TypeError("The driver does not give rows as arrays");
    return Object.fromEntries(
      columns.map(({ name }, index): [string, string | null] => {
        const value: unknown = printed[index];
        return [name, typeof value === "string" ? (forms[index]?.text(value) ?? value) : null];
      }),
    );
  });
}
