import type { Kind } from "./value/kind.ts";
import type { Row } from "./table/table.ts";

/** A field of a model: a column that clients may see, or `id` where no column has that name. */
export interface Field<Context = unknown> {
  readonly name: string;
  /** The field's value in the model's enum of fields. */
  readonly enumName: string;
  /** The column's name in the database; undefined for an `id` that is composed of the primary key. */
  readonly column: string | undefined;
  readonly kind: Kind;
  readonly isKey: boolean;
  readonly nullable: boolean;
  /** Whether a viewer may see the field; undefined: every viewer may. */
  readonly permitted: ((context: Context) => boolean) | undefined;
  valueIn(row: Row): unknown;
}
