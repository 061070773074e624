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
