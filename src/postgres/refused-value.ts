import { FanfareError } from "../base/error.ts";
import { quoted } from "../base/quoted.ts";
import type { SnapshotRequest } from "../contract/source.ts";
import type { Column } from "./columns.ts";
import type { Queryable } from "./database.ts";
import { codeOf } from "./error.ts";
import { identifier, tableIdentifier } from "./quote.ts";
import { castOf } from "./table-snapshot.ts";

/** Whether a statement failed by its data (SQLSTATE class 22), which may be a value that a client looks for. */
export function isDataError(error: unknown): boolean {
  return codeOf(error)?.startsWith("22") === true;
}

/**
 * The error for the first required value of a request that its column's type refuses, such as a label that an enum does
 * not have; undefined if it accepts them all. For a snapshot that failed with {@link isDataError}: whoever asks for such
 * a value shall not ask again, as after an outage.
 *
 * @param inTransaction runs a query in a transaction of its own, since one that fails ends its transaction.
 */
export async function refusedValue(
  source: string,
  { table, equal = {} }: SnapshotRequest,
  columns: readonly Column[],
  inTransaction: (run: (database: Queryable) => Promise<unknown>) => Promise<unknown>,
): Promise<FanfareError | undefined> {
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
