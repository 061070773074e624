import type { TopicLike } from "../../declare/topic.ts";

/** What happened to a row; SNAPSHOT for one that was there before. */
export type ChangeAction = "SNAPSHOT" | "CREATED" | "UPDATED" | "DELETED";

/** A change of a row of a model's table, decoded. */
export interface ModelChange<Row> {
  readonly action: ChangeAction;
  /** The text of the row's primary key. */
  readonly id: string;
  /** Null for a row that was created. */
  readonly before: Row | null;
  /** Null for a row that was deleted. */
  readonly after: Row | null;
  /** Of an update, the model's fields that have another value now. */
  readonly changed: readonly string[];
  /** The row came into sight or went out of it, or this is one of the two halves of a changed primary key. */
  readonly moved: boolean;
  readonly at: Date;
  /**
   * The same as JSON can carry it, with the model's fields alone: dates in ISO 8601, bigints and decimals as text, bytes
   * in base64.
   *
   * @param names `columns` names fields as the database does; default `fields`.
   * @param only the fields that are wanted, by their names in the model; all by default.
   */
  plain(names?: "fields" | "columns", only?: readonly string[]): PlainChange;
}

export type PlainRow = Readonly<Record<string, unknown>>;

export interface PlainChange {
  readonly action: ChangeAction;
  readonly id: string;
  readonly before: PlainRow | null;
  readonly after: PlainRow | null;
  readonly changed: readonly string[];
  readonly moved: boolean;
  readonly at: string;
}

/**
 * What an application adds to the changes of a table, in the process that publishes them. One that throws is logged, and
 * spoils nothing else.
 */
export interface ModelHooks<Row> {
  /** Whether a change is told to anybody. One that throws lets the change through. */
  readonly shouldPublish?: (change: ModelChange<Row>) => boolean;
  /** Other topics that hear of a change, besides the table's own. One that throws: none. */
  readonly topics?: (change: ModelChange<Row>) => readonly TopicLike[];
  /**
   * What such a topic is told, asked for each; plain JSON. By default what `change.plain()` gives. One that throws leaves
   * out its topic.
   */
  readonly payload?: (change: ModelChange<Row>, topic: string) => unknown;
}

/** The same with its types erased. */
export interface ErasedHooks {
  shouldPublish?(this: void, change: unknown): boolean;
  topics?(this: void, change: unknown): readonly TopicLike[];
  payload?(this: void, change: unknown, topic: string): unknown;
}
