import type { TopicName } from "./broker.ts";
import type { Place } from "./place.ts";

/** A table's name and its schema's, as the database spells them, without quotes. */
export interface TableName {
  readonly schema: string;
  readonly name: string;
}

/**
 * A row's values by column name: text in the form of PostgreSQL's `to_jsonb`, or null. Examples: `true`, `12.50`,
 * `2026-01-31T12:00:00+00:00`, `\x00ff`. JSON documents, arrays and composites are JSON, so a document that is a string
 * keeps its quotes. Values are text, so that no number loses digits and every broker can carry them.
 */
export type CapturedRow = Readonly<Record<string, string | null>>;

/** What happened to a row. An update of its primary key is captured as one row DELETED and another CREATED. */
export type RowAction = "CREATED" | "UPDATED" | "DELETED";

/** A committed change of one row. */
export interface CapturedChange {
  readonly kind: "change";
  readonly place: Place;
  readonly table: TableName;
  readonly action: RowAction;
  /** The row before the change; null for a created row. */
  readonly before: CapturedRow | null;
  /** The row after the change; null for a deleted row. */
  readonly after: CapturedRow | null;
  /** True for both changes that an update of a primary key is captured as. */
  readonly moved: boolean;
  /** The time of the write, in milliseconds since 1970. */
  readonly at: number;
  /** The id (`xid8`) of the transaction, as decimal text; a `TableSnapshot` tells whether it includes it. */
  readonly transaction: string;
}

/**
 * A `truncate` of a table, from a source that does not know the removed rows. A source that knows them captures a
 * DELETED change for each row instead.
 */
export interface CapturedTruncation {
  readonly kind: "truncation";
  readonly place: Place;
  readonly table: TableName;
  readonly at: number;
  readonly transaction: string;
}

/** An event that was published in a transaction and committed with it: a message of a transactional outbox. */
export interface CapturedEvent {
  readonly kind: "event";
  readonly place: Place;
  readonly topic: TopicName;
  readonly payload: unknown;
  /** The publisher's idempotency key; undefined: the event's id is made of its place. */
  readonly id: string | undefined;
  readonly at: number;
}

/** Anything that a source captures. */
export type Captured = CapturedChange | CapturedTruncation | CapturedEvent;
