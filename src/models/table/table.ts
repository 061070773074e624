import type { TableName } from "../../contract/captured.ts";
import type { Kind } from "../value/kind.ts";

/** A column, under the name that programs know it by. */
export interface Column {
  readonly property: string;
  /** As the database spells it. */
  readonly name: string;
  /** As the database calls it; for messages. */
  readonly type: string;
  readonly nullable: boolean;
  /** Undefined for a type that is not supported: then no field can be made of it. */
  readonly kind: Kind | undefined;
}

/** A table, however it was described. */
export interface Table {
  readonly name: TableName;
  readonly columns: ReadonlyMap<string, Column>;
  /** The properties of the primary key, in its order; empty where none is known. */
  readonly key: readonly string[];
}

/** A decoded row, by the columns' properties. */
export type Row = Readonly<Record<string, unknown>>;
