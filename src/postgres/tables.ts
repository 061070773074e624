import { FanfareError } from "../base/error.ts";
import type { TableName } from "../contract/captured.ts";

/** A table by its name in the schema `public`, or by both names, as the database spells them, without quotes. */
export type TableLike = string | TableName;

/**
 * Checks and completes the names of tables.
 *
 * @param caller the public function that got `tables`, for the message of the error.
 * @throws FanfareError BAD_OPTION for an empty name.
 */
export function tableNames(tables: readonly TableLike[], caller: string): readonly TableName[] {
  return tables.map((table) => {
    const { schema, name } = typeof table === "string" ? { schema: "public", name: table } : table;
    if (typeof schema === "string" && schema !== "" && typeof name === "string" && name !== "") return { schema, name };
    throw new FanfareError(
      "BAD_OPTION",
      `${caller}: ${JSON.stringify(table)} is no table: give a name, or { schema, name }`,
    );
  });
}
