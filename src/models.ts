import { checkOptions } from "./base/option-check.ts";
import { consoleLog } from "./observe/console-log.ts";
import { createModel, type Model } from "./models/model.ts";
import type { ModelOptions } from "./models/model-options.ts";
import { modelRules } from "./models/model-rules.ts";
import type { FieldOf, ModelTable, RowOf } from "./models/table/model-table.ts";

/**
 * Binds a table to a GraphQL type and to four subscription fields, which deliver the changes committed to it.
 *
 * ```ts
 * const Car = model(cars, { name: "Car", fields: ["id", "make", "model", "updatedAt"] });
 * ```
 *
 * @param table a Drizzle table, or a `TableDescription`.
 * @throws FanfareError BAD_DECLARATION for an impossible model: a field that is not a column or is named twice, a
 * column of an unsupported type, a table without a primary key; also for an option that is unknown, missing or not
 * allowed.
 */
export function model<
  const Source extends ModelTable,
  Context = unknown,
  const Field extends FieldOf<Source> = FieldOf<Source>,
>(table: Source, options: ModelOptions<RowOf<Source>, Context, Field>): Model<RowOf<Source>, Context> {
  checkOptions("model", options, modelRules, { required: ["name"], code: "BAD_DECLARATION" });
  return createModel(table, options, options.log ?? consoleLog);
}

export type { ChangeAction, ModelChange, PlainChange, PlainRow } from "./models/change/change.ts";
export { tableTopic, type ChangePayload } from "./relay/change-payload.ts";
export type { ModelHooks } from "./models/change/change.ts";
export type { Model, ModelField } from "./models/model.ts";
export type { ModelOptions } from "./models/model-options.ts";
export type { FieldOf, ModelTable, RowOf } from "./models/table/model-table.ts";
export type { PayloadPolicy, SerializedChange } from "./models/change/payload-policy.ts";
export type { ExtraEvent, RelayedModel } from "./relay/relayed-model.ts";
export type { IdArgument, ModelQueue } from "./models/subscription-fields.ts";
export type { DrizzleTable } from "./models/table/drizzle-table.ts";
export type {
  ColumnDescription,
  ColumnType,
  ColumnValue,
  ColumnValues,
  DescribedValue,
  TableDescription,
} from "./models/table/table-description.ts";
export type { FieldResolver, Resolvers } from "./models/type-defs.ts";
export type { OwnScalarName, ScalarName } from "./models/value/kind.ts";
