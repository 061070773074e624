/** The scalars of columns. An {@link OwnScalarName} is Fanfare's own, and can be replaced by the option `scalars`. */
export type ScalarName = "ID" | "Int" | "Float" | "String" | "Boolean" | OwnScalarName;

export type OwnScalarName = "DateTime" | "Date" | "BigInt" | "Decimal" | "JSON" | "Bytes";

/** How values of a kind are compared in `where`. */
export interface Comparison {
  /** Converts a client's input, which GraphQL has validated, into a value; undefined for an input out of range. */
  accept(input: unknown): unknown;
  /** Negative, zero or positive, as in `Array.prototype.sort`. */
  compare(left: unknown, right: unknown): number;
  /** Gives the value's text in captured rows; undefined if equal values can have different texts. */
  readonly encode: ((value: unknown) => string) | undefined;
}

/** The kind of a column's values: how they are decoded, compared and sent. */
export interface Kind {
  /** A noun for a value, for messages: "an integer". */
  readonly one: string;
  readonly scalar: ScalarName;
  /** The kind of the elements, for an array. */
  readonly item?: Kind;
  /** Decodes a text of a captured row; undefined if it is not such a value. */
  decode(text: string): unknown;
  /** Encodes a value as plain JSON. */
  plain(value: unknown): unknown;
  /** Undefined: `where` cannot compare such values. */
  readonly comparison: Comparison | undefined;
  /** Whether such values can be part of a primary key. */
  readonly identifies: boolean;
}

type Comparable = number | bigint | string | boolean;

/** Compares values, strings by UTF-16 code units. NaN is greater than any other number, and equal to itself. */
export function order(left: Comparable, right: Comparable): number {
  if (left === right) return 0;
  if (Number.isNaN(left)) return Number.isNaN(right) ? 0 : 1;
  if (Number.isNaN(right)) return -1;
  return left < right ? -1 : 1;
}
