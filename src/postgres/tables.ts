import { quoted } from "../base/quoted.ts";
import { FanfareError } from "../base/error.ts";
import { checkArgument } from "../base/option-check.ts";
import { anything, listOf, propertyOf, type Rule } from "../base/rule.ts";
import type { TableName } from "../contract/captured.ts";

/** A table by its name in the schema `public`, or by both names, as the database spells them, without quotes. */
export type TableLike = string | TableName;

const aList: Rule = listOf("tables", anything, (value) =>
  typeof value === "string" ? `Write tables: ["${value}"]` : undefined,
);

/**
 * Checks and completes the names of tables.
 *
 * @param caller the public function that got `tables`, for the message of the error.
 * @throws FanfareError BAD_OPTION for an empty name.
 */
export function tableNames(tables: readonly TableLike[], caller: string): readonly TableName[] {
  checkArgument(caller, "tables", tables, aList);
  return tables.map((table) => {
    const schema = typeof table === "string" ? "public" : propertyOf(table, "schema");
    const name = typeof table === "string" ? table : propertyOf(table, "name");
    if (typeof schema === "string" && schema !== "" && typeof name === "string" && name !== "") return { schema, name };
    throw new FanfareError("BAD_OPTION", `${caller}: ${quoted(table)} is no table: give a name, or { schema, name }`);
  });
}
