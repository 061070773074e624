import { declare as declareSubscriptions, type Declare as DeclareSubscriptions } from "./declare/declare.ts";
import { model, type FieldOf, type Model, type ModelOptions, type ModelTable, type RowOf } from "./models.ts";

export interface Declare<Context> extends DeclareSubscriptions<Context> {
  /** See {@link model}. */
  readonly model: <const Source extends ModelTable, const Field extends FieldOf<Source>>(
    table: Source,
    options: ModelOptions<RowOf<Source>, Context, Field>,
  ) => Model<RowOf<Source>, Context>;
}

/** The tools to declare subscriptions with, for a server whose `context` option gives `Context`. */
export function declare<Context = unknown>(): Declare<Context> {
  return { ...declareSubscriptions<Context>(), model: (table, options) => model(table, options) };
}
