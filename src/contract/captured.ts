import type { TopicName } from "./broker.ts";
import type { Place } from "./place.ts";

/** A table by its own name and its schema's, as the database spells them. */
export interface TableName {
  readonly schema: string;
  readonly name: string;
}

/**
 * A row as the database had it: for each column's name its value as text, in the form that PostgreSQL's `to_jsonb` gives
 * it (`true`, `12.50`, `2026-01-31T12:00:00+00:00`, `\x00ff`; documents, arrays and composites as JSON, so that a
 * document which is a text has its quotes), or null. Text, so that no number loses digits and every broker can carry it.
 */
export type CapturedRow = Readonly<Record<string, string | null>>;

/** What became of a row. A changed primary key is told as one row DELETED and another CREATED. */
export type RowAction = "CREATED" | "UPDATED" | "DELETED";

/** A committed change of one row. */
export interface CapturedChange {
  readonly kind: "change";
  readonly place: Place;
  readonly table: TableName;
  readonly action: RowAction;
  /** The row before; null for one that was created. */
  readonly before: CapturedRow | null;
  /** The row since; null for one that was deleted. */
  readonly after: CapturedRow | null;
  /** True for the two halves of a changed primary key. */
  readonly moved: boolean;
  /** When it was written, in milliseconds since 1970. */
  readonly at: number;
  /** The transaction's id (`xid8`) as decimal text, by which a snapshot tells whether it includes the change. */
  readonly transaction: string;
}

/** All rows of a table were removed at once, and the source does not know which they were; one that does tells each. */
export interface CapturedTruncation {
  readonly kind: "truncation";
  readonly place: Place;
  readonly table: TableName;
  readonly at: number;
  readonly transaction: string;
}

/** An event that was published inside a transaction, and that happened because it was committed. */
export interface CapturedEvent {
  readonly kind: "event";
  readonly place: Place;
  readonly topic: TopicName;
  readonly payload: unknown;
  /** The publisher's own id for the event; undefined where its place is enough. */
  readonly id: string | undefined;
  readonly at: number;
}

/** What a source captures. */
export type Captured = CapturedChange | CapturedTruncation | CapturedEvent;
