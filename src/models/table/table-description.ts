import { FanfareError } from "../../base/error.ts";
import { aBoolean, aText, optionsOf, type RulesOf } from "../../base/rule.ts";
import { kindOf } from "../value/sql-type.ts";
import type { Column, Table } from "./table.ts";

/** The JavaScript types of values, by the PostgreSQL types of their columns. */
export interface ColumnValues {
  readonly smallint: number;
  readonly integer: number;
  readonly bigint: bigint;
  readonly numeric: string;
  readonly real: number;
  readonly "double precision": number;
  readonly boolean: boolean;
  readonly text: string;
  readonly varchar: string;
  readonly char: string;
  readonly enum: string;
  readonly uuid: string;
  readonly date: string;
  readonly time: string;
  readonly timestamp: Date;
  readonly timestamptz: Date;
  readonly interval: string;
  readonly inet: string;
  readonly json: unknown;
  readonly jsonb: unknown;
  readonly bytea: Uint8Array;
}

/** A PostgreSQL type. `enum` stands for any type of `create type … as enum`. */
export type ColumnType = keyof ColumnValues | `${keyof ColumnValues}[]` | `${keyof ColumnValues}[][]`;

export interface ColumnDescription {
  /** The column's name as the database spells it. Default: the property's name. */
  readonly name?: string;
  readonly type: ColumnType;
  /** Whether the column may be null. Default false. */
  readonly nullable?: boolean;
}

/**
 * A table's description, for applications whose ORM is not Drizzle.
 *
 * ```ts
 * { name: "cars", key: "id", columns: { id: "integer", make: "text", updatedAt: { name: "updated_at", type: "timestamptz" } } }
 * ```
 */
export interface TableDescription {
  /** The table's name as the database spells it. */
  readonly name: string;
  /** The table's schema. Default `public`. */
  readonly schema?: string;
  /** The property of the primary key's column, or those of its columns in their order. */
  readonly key: string | readonly string[];
  /** The columns by property. A bare type describes a column with the property's name that is never null. */
  readonly columns: Readonly<Record<string, ColumnType | ColumnDescription>>;
}

/** The JavaScript type of a column's values. */
export type ColumnValue<Type> = Type extends `${infer Item}[]`
  ? readonly (ColumnValue<Item> | null)[]
  : Type extends keyof ColumnValues
    ? ColumnValues[Type]
    : never;

/** The JavaScript type of a described column's values. */
export type DescribedValue<Described> = Described extends { readonly type: infer Type }
  ? Described extends { readonly nullable: true }
    ? ColumnValue<Type> | null
    : ColumnValue<Type>
  : ColumnValue<Described>;

/** Reads a description. @throws FanfareError BAD_DECLARATION for a description without a name or columns. */
export function describedTable(description: TableDescription): Table {
  const { name, schema = "public", key, columns } = description;
  if (typeof name !== "string" || typeof columns !== "object" || columns === null) {
    throw new FanfareError("BAD_DECLARATION", "A table is described by its `name`, its `key` and its `columns`");
  }
  return {
    name: { schema, name },
    columns: new Map(Object.entries(columns).map(([property, column]) => [property, columnOf(name, property, column)])),
    key: typeof key === "string" ? [key] : (key ?? []),
  };
}

const columnRules: RulesOf<ColumnDescription> = { name: aText(), type: aText(), nullable: aBoolean };

function columnOf(table: string, property: string, given: ColumnType | ColumnDescription): Column {
  const description: ColumnDescription = typeof given === "string" ? { type: given } : given;
  const problem = optionsOf(columnRules, ["type"])(`columns.${property}`, description);
  if (problem !== undefined) throw new FanfareError("BAD_DECLARATION", `The table ${table}: ${problem}`);
  const { name = property, type, nullable = false } = description;
  return { property, name, type, nullable, kind: kindOf(type) };
}
