/** The GraphQL types of single values. Those below the line are Fanfare's own, and may be replaced. */
export type ScalarName = "ID" | "Int" | "Float" | "String" | "Boolean" | OwnScalarName;

export type OwnScalarName = "DateTime" | "Date" | "BigInt" | "Decimal" | "JSON" | "Bytes";

/** How values of a kind are compared with what clients ask for. */
export interface Comparison {
  /** From what a client gave, which GraphQL has checked already; undefined for what is no such value. */
  accept(input: unknown): unknown;
  /** Below zero, zero or above it, as in sorting. */
  compare(left: unknown, right: unknown): number;
  /** The form in which a captured row has the value; undefined where equal values may have several. */
  readonly encode: ((value: unknown) => string) | undefined;
}

/** What the values of a column are. */
export interface Kind {
  /** As messages call one of its values. */
  readonly one: string;
  readonly scalar: ScalarName;
  /** The kind of the elements, for an array. */
  readonly item?: Kind;
  /** From the text of a captured row; undefined for what is no such value. */
  decode(text: string): unknown;
  /** As JSON can carry it. */
  plain(value: unknown): unknown;
  /** Undefined: clients cannot ask for such values. */
  readonly comparison: Comparison | undefined;
  /** Whether such values can be part of a key. */
  readonly identifies: boolean;
}

type Comparable = number | bigint | string | boolean;

/** By value, strings by their UTF-16 code units. NaN is greater than every other number, and equal to itself. */
export function order(left: Comparable, right: Comparable): number {
  if (left === right) return 0;
  if (Number.isNaN(left)) return Number.isNaN(right) ? 0 : 1;
  if (Number.isNaN(right)) return -1;
  return left < right ? -1 : 1;
}
