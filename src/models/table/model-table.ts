import { quoted } from "../../base/quoted.ts";
import { FanfareError } from "../../base/error.ts";
import { checkArgument } from "../../base/option-check.ts";
import { aText, listOf, type Rule } from "../../base/rule.ts";
import { drizzleTable, type DrizzleTable } from "./drizzle-table.ts";
import { RowKey } from "./row-key.ts";
import { describedTable, type DescribedValue, type TableDescription } from "./table-description.ts";
import type { Column, Table } from "./table.ts";

/** The table of a model: a Drizzle table, or a description. */
export type ModelTable = DrizzleTable | TableDescription;

/** The type of a table's rows, by the columns' properties. */
export type RowOf<Source> = Source extends { readonly $inferSelect: infer Row }
  ? Readonly<Row>
  : Source extends { readonly columns: infer Columns }
    ? { readonly [Name in keyof Columns]: DescribedValue<Columns[Name]> }
    : never;

/** The names that a model's fields may have: the columns' properties, and `id`. */
export type FieldOf<Source> = (keyof RowOf<Source> & string) | "id";

/** @throws FanfareError BAD_DECLARATION if `source` is neither a Drizzle table nor a description. */
export function tableOf(source: unknown): Table {
  const table = isObject(source) ? (drizzleTable(source) ?? describedIn(source)) : undefined;
  if (table) return table;
  throw new FanfareError(
    "BAD_DECLARATION",
    `model() takes a table of Drizzle, or a \`name\`, a \`key\` and \`columns\`, not ${quoted(source)}`,
  );
}

/** @throws FanfareError BAD_DECLARATION for a missing primary key, or one of columns that cannot identify a row. */
export function keyOf(table: Table, given: readonly string[] = table.key): RowKey {
  const called = table.name.name;
  checkArgument(`The table ${called}`, "key", given, aKey, "BAD_DECLARATION");
  if (given.length === 0) {
    throw new FanfareError("BAD_DECLARATION", `The table ${called} has no primary key; name its columns in \`key\``);
  }
  return new RowKey(given.map((property) => keyColumn(table, property)));
}

const aKey: Rule = listOf("properties", aText());

function keyColumn({ name, columns }: Table, property: string): Column {
  const column = columns.get(property);
  if (!column) {
    const allowed = [...columns.keys()].join(", ");
    throw new FanfareError(
      "BAD_DECLARATION",
      `The key of ${name.name} names ${property}, which is none of its columns: ${allowed}`,
    );
  }
  if (column.kind?.identifies) return column;
  throw new FanfareError(
    "BAD_DECLARATION",
    `The key of ${name.name} names ${property} of the type ${column.type}; a key is made of integers, texts, enums, UUIDs and dates`,
  );
}

function describedIn(source: object): Table | undefined {
  return isDescription(source) ? describedTable(source) : undefined;
}

function isDescription(source: object): source is TableDescription {
  return "name" in source && typeof source.name === "string" && "columns" in source && isObject(source.columns);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
