import { FanfareError } from "../../base/error.ts";
import type { CapturedRow } from "../../contract/captured.ts";
import type { SnapshotRequest, TableSnapshot } from "../../contract/source.ts";
import { inPooledTransaction, textRows } from "../../postgres/database.ts";
import { identifier, tableIdentifier } from "../../postgres/quote.ts";
import { catalogPath, equalText, forTransaction } from "../../postgres/settings.ts";
import { TransactionSnapshot } from "../../postgres/transaction-snapshot.ts";
import { databaseError } from "./database-error.ts";
import type { PostgresConnection, PostgresPool } from "./pool.ts";
import { valueForms, type ValueForm } from "./value-form.ts";

const opening = `set transaction isolation level repeatable read, read only;
${forTransaction({ ...equalText, ...catalogPath })}`;

/** The columns that the log tells of: none that are generated, before PostgreSQL 18. */
const columnsQuery = `select a.attname::text as name, a.atttypid::text as type,
  pg_catalog.format_type(a.atttypid, -1) as type_name
from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relname = $2 and a.attnum > 0 and not a.attisdropped and (
  a.attgenerated = '' or a.attgenerated = 's' and current_setting('server_version_num')::int >= 180000
)
order by a.attnum`;

interface Column {
  readonly name: string;
  readonly typeName: string;
  readonly form: ValueForm;
}

/**
 * Reads a table in one snapshot.
 *
 * @throws FanfareError SOURCE_NOT_READY, SOURCE_UNAVAILABLE, OVERFLOW
 */
export async function readTable(name: string, pool: PostgresPool, request: SnapshotRequest): Promise<TableSnapshot> {
  try {
    return await inPooledTransaction(pool, opening, async (connection) => {
      const [row] = await textRows(connection, "select pg_current_snapshot()::text as snapshot");
      const snapshot = new TransactionSnapshot(row?.["snapshot"] ?? "");
      const columns = await columnsOf(name, connection, request);
      const rows = await rowsOf(connection, columns, request);
      if (rows.length > request.limit) throw tooMany(name, request);
      return { rows, includes: (transaction) => snapshot.includes(BigInt(transaction)) };
    });
  } catch (error) {
    throw databaseError(name, `read the table ${request.table.schema}.${request.table.name}`, error);
  }
}

async function columnsOf(
  name: string,
  connection: PostgresConnection,
  { table, key, equal = {} }: SnapshotRequest,
): Promise<readonly Column[]> {
  const found = await textRows(connection, columnsQuery, [table.schema, table.name]);
  if (found.length === 0) {
    throw new FanfareError("SOURCE_NOT_READY", `${name}: there is no table ${table.schema}.${table.name}`);
  }
  const names = new Set(found.map((row) => row["name"]));
  const missing = [...key, ...Object.keys(equal)].find((column) => !names.has(column));
  if (missing !== undefined) {
    const message = `${name}: the table ${table.schema}.${table.name} has no column ${missing}`;
    throw new FanfareError("SOURCE_NOT_READY", message);
  }
  const forms = await valueForms(
    connection,
    found.map((row) => Number(row["type"])),
  );
  return found.flatMap(({ name: column, type_name: typeName }, index) => {
    const form = forms[index];
    return column && typeName && form ? [{ name: column, typeName, form }] : [];
  });
}

async function rowsOf(
  connection: PostgresConnection,
  columns: readonly Column[],
  request: SnapshotRequest,
): Promise<readonly CapturedRow[]> {
  const names = columns.map(({ name }) => identifier(name)).join(", ");
  const { condition, values } = conditionOf(columns, request.equal ?? {});
  const order = request.key.length > 0 ? ` order by ${request.key.map(identifier).join(", ")}` : "";
  const text = `select ${names} from ${tableIdentifier(request.table)}${condition}${order} limit ${request.limit + 1}`;
  const { rows } = await connection.query({ text, values, rowMode: "array", types: { getTypeParser: () => String } });
  return rows.map((printed) => {
    if (!Array.isArray(printed)) throw new TypeError("The driver does not give rows as arrays");
    return Object.fromEntries(
      columns.map(({ name, form }, index): [string, string | null] => {
        const value: unknown = printed[index];
        return [name, typeof value === "string" ? form.text(value) : null];
      }),
    );
  });
}

function conditionOf(columns: readonly Column[], equal: CapturedRow): { condition: string; values: string[] } {
  const values: string[] = [];
  const conditions = columns.flatMap(({ name, typeName }) => {
    const value = Object.hasOwn(equal, name) ? equal[name] : undefined;
    if (value === undefined) return [];
    if (value === null) return [`${identifier(name)} is null`];
    return [`${identifier(name)} = $${values.push(value)}::text::${typeName}`];
  });
  return { condition: conditions.length > 0 ? ` where ${conditions.join(" and ")}` : "", values };
}

function tooMany(name: string, { table, limit }: SnapshotRequest): FanfareError {
  const message = `${name}: more than ${limit} rows of ${table.schema}.${table.name} were asked for; narrow the condition`;
  return new FanfareError("OVERFLOW", message);
}
