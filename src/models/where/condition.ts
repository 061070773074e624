import type { Comparison } from "../value/kind.ts";
import type { Field } from "../field.ts";
import type { Row } from "../table/table.ts";

/** A field whose values `where` can compare. */
export interface ComparableField {
  readonly field: Field;
  readonly comparison: Comparison;
}

/** A validated `where`. */
export type Condition =
  | { readonly kind: "all" | "any"; readonly of: readonly Condition[] }
  | { readonly kind: "not"; readonly of: Condition }
  | { readonly kind: "in"; readonly on: ComparableField; readonly values: readonly unknown[] }
  | { readonly kind: "null"; readonly on: ComparableField; readonly isNull: boolean }
  | { readonly kind: "order"; readonly on: ComparableField; readonly value: unknown; readonly meets: Meets };

/** Whether the outcome of `compare` satisfies an operator. */
export type Meets = (order: number) => boolean;

/**
 * Whether a row meets a condition. Two-valued logic, unlike SQL: a comparison with null is false, and its `not` true.
 */
export function holds(condition: Condition, row: Row): boolean {
  switch (condition.kind) {
    case "all":
      return condition.of.every((part) => holds(part, row));
    case "any":
      return condition.of.some((part) => holds(part, row));
    case "not":
      return !holds(condition.of, row);
    case "null":
      return (condition.on.field.valueIn(row) === null) === condition.isNull;
    case "in":
      return condition.values.some((value) => compared(condition.on, row, value, (order) => order === 0));
    case "order":
      return compared(condition.on, row, condition.value, condition.meets);
  }
}

function compared({ field, comparison }: ComparableField, row: Row, value: unknown, meets: Meets): boolean {
  const own = field.valueIn(row);
  return own !== null && meets(comparison.compare(own, value));
}

/** The names of the fields that a condition compares. */
export function fieldsIn(condition: Condition): readonly string[] {
  switch (condition.kind) {
    case "all":
    case "any":
      return condition.of.flatMap(fieldsIn);
    case "not":
      return fieldsIn(condition.of);
    default:
      return [condition.on.field.name];
  }
}
