import type { CapturedRow } from "../contract/captured.ts";
import type { SnapshotRequest, TableSnapshot } from "../contract/source.ts";
import type { Column, TableShape } from "./columns.ts";
import { identifier, tableIdentifier } from "./quote.ts";
import { TransactionSnapshot } from "./transaction-snapshot.ts";

/** A {@link SnapshotRequest} as parts of a query, in which `t` is a row of the table. */
export interface TableSelection {
  /** The query from its `from` on. Its limit is one row above the request's, so that an overflow is seen. */
  readonly from: string;
  /** The `order by` that stands in `from` too; empty without a key. */
  readonly order: string;
  /** The values of the parameters in `from`. */
  readonly values: string[];
}

export function selectionOf(
  { table, key, equal = {}, limit }: SnapshotRequest,
  { columns, isPartitioned }: TableShape,
): TableSelection {
  const order = key.length > 0 ? `order by ${key.map((column) => `t.${identifier(column)}`).join(", ")}` : "";
  const { condition, values } = conditionOf(equal, columns);
  const rows = `${isPartitioned ? "" : "only "}${tableIdentifier(table)}`;
  return { from: `from ${rows} t ${condition} ${order} limit ${limit + 1}`, order, values };
}

/** The first column of the request that the table does not have; undefined if it has all. */
export function missingColumn({ key, equal = {} }: SnapshotRequest, columns: readonly Column[]): string | undefined {
  return [...key, ...Object.keys(equal)].find((name) => !columns.some((column) => column.name === name));
}

/** @param snapshot `pg_current_snapshot()` as text, from the statement or transaction that read the rows. */
export function tableSnapshot(snapshot: string, rows: readonly CapturedRow[]): TableSnapshot {
  const shown = new TransactionSnapshot(snapshot);
  return { rows, includes: (transaction) => shown.includes(BigInt(transaction)) };
}

/** SQL that compares columns with values in the form of captured rows, as values of their types: 1.50 equals 1.5. */
function conditionOf(
  equal: CapturedRow,
  columns: readonly Column[],
): { readonly condition: string; readonly values: string[] } {
  const values: string[] = [];
  const conditions = columns.flatMap((column) => {
    const { name, isJson } = column;
    const value = Object.hasOwn(equal, name) ? equal[name] : undefined;
    if (value === undefined) return [];
    const own = `t.${identifier(name)}`;
    if (value === null) return [`${own} is null`];
    const wanted = castOf(column, `$${values.push(value)}`);
    return [`${isJson ? `to_jsonb(${own})` : own} = ${wanted}`];
  });
  return { condition: conditions.length > 0 ? `where ${conditions.join(" and ")}` : "", values };
}

/** SQL for a value of a column from the text of a captured row. */
export function castOf({ typeName, isJson }: Pick<Column, "typeName" | "isJson">, parameter: string): string {
  return `${parameter}::text::${isJson ? "jsonb" : typeName}`;
}
