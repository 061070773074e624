import { consoleLog } from "./observe/console-log.ts";
import { createModel, type Model } from "./models/model.ts";
import type { ModelOptions } from "./models/model-options.ts";
import type { FieldOf, ModelTable, RowOf } from "./models/table/model-table.ts";

/**
 * Binds a table to a GraphQL type and to four subscription fields, which tell what is committed to it.
 *
 * ```ts
 * const Car = model(cars, { name: "Car", fields: ["id", "make", "model", "updatedAt"] });
 * ```
 *
 * @param table a table of Drizzle, or a description of one.
 * @throws FanfareError BAD_DECLARATION for what cannot be: a field that is no column or twice, a type that is not
 * supported, a table without a key; BAD_OPTION for a queue that cannot be.
 */
export function model<
  const Source extends ModelTable,
  Context = unknown,
  const Field extends FieldOf<Source> = FieldOf<Source>,
>(table: Source, options: ModelOptions<RowOf<Source>, Context, Field>): Model<RowOf<Source>, Context> {
  return createModel(table, options, options.log ?? consoleLog);
}

export type { CapturedChange, CapturedRow, TableName } from "./contract/captured.ts";
export type { SnapshotRequest, TableReader, TableSnapshot } from "./contract/source.ts";
export type { ChangeAction, ModelChange, PlainChange, PlainRow } from "./models/change/change.ts";
export { tableTopic, type ChangePayload } from "./relay/change-payload.ts";
export type { ModelHooks } from "./models/change/change.ts";
export type { Model } from "./models/model.ts";
export type { ModelOptions } from "./models/model-options.ts";
export type { FieldOf, ModelTable, RowOf } from "./models/table/model-table.ts";
export type { PayloadPolicy, SerializedChange } from "./models/change/payload-policy.ts";
export type { ExtraEvent, RelayedModel } from "./relay/relayed-model.ts";
export type { IdArgument, ModelQueue } from "./models/subscription-fields.ts";
export type { ColumnDescription, ColumnType, TableDescription } from "./models/table/table-description.ts";
