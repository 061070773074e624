import { FanfareError } from "../base/error.ts";
import { quoted } from "../base/quoted.ts";
import type { SnapshotRequest } from "../contract/source.ts";
import { shapeOf } from "./columns.ts";
import type { Queryable } from "./database.ts";
import { codeOf } from "./error.ts";
import { identifier, tableIdentifier } from "./quote.ts";
import { castOf } from "./table-snapshot.ts";

/** Runs `read` in a transaction of its own: one that fails ends its transaction. */
export type InTransaction = <Result>(read: (database: Queryable) => Promise<Result>) => Promise<Result>;

/**
 * The error for a snapshot that failed by a required value which its column's type refuses, such as a label that an enum
 * does not have: whoever asks for it shall not ask again, as after an outage. Undefined if no value is to blame.
 *
 * @param failure why the snapshot failed.
 */
export async function refusedValue(
  source: string,
  request: SnapshotRequest,
  failure: unknown,
  inTransaction: InTransaction,
): Promise<FanfareError | undefined> {
  if (!isDataError(failure)) return undefined;
  try {
    return await firstRefused(source, request, inTransaction);
  } catch {
    // The database does not answer any more; the failure itself is told.
    return undefined;
  }
}

async function firstRefused(
  source: string,
  { table, equal = {} }: SnapshotRequest,
  inTransaction: InTransaction,
): Promise<FanfareError | undefined> {
  const { columns } = await inTransaction((database) => shapeOf(database, table));
  for (const column of columns) {
    const value = Object.hasOwn(equal, column.name) ? equal[column.name] : undefined;
    if (value == null) continue;
    try {
      await inTransaction((database) => database.query(`select ${castOf(column, "$1")}`, [value]));
    } catch (error) {
      if (!isDataError(error)) throw error;
      const why = error instanceof Error ? error.message : String(error);
      const message = `${source}: the column ${identifier(column.name)} of ${tableIdentifier(table)} cannot be ${quoted(value)}: ${why}`;
      return new FanfareError("BAD_VALUE", message, { cause: error });
    }
  }
  return undefined;
}

/** SQLSTATE class 22. */
function isDataError(error: unknown): boolean {
  return codeOf(error)?.startsWith("22") === true;
}
