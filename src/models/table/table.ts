import type { TableName } from "../../contract/captured.ts";
import type { Kind } from "../value/kind.ts";

/** A column of a table. */
export interface Column {
  /** The name of the row's property in JavaScript. */
  readonly property: string;
  /** The column's name as the database spells it. */
  readonly name: string;
  /** The name of the column's type, for messages. */
  readonly type: string;
  readonly nullable: boolean;
  /** The kind of the column's values; undefined for an unsupported type, of which no field can be made. */
  readonly kind: Kind | undefined;
}

/** A table, read from Drizzle or from a description. */
export interface Table {
  readonly name: TableName;
  readonly columns: ReadonlyMap<string, Column>;
  /** The properties of the primary key, in its order; empty if it is unknown. */
  readonly key: readonly string[];
}

/** A decoded row, by the columns' properties. */
export type Row = Readonly<Record<string, unknown>>;
