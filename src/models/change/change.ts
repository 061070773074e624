import type { TopicLike } from "../../declare/topic.ts";

/** What happened to a row. SNAPSHOT: nothing, it is a row of the snapshot for `initial: true`. */
export type ChangeAction = "SNAPSHOT" | "CREATED" | "UPDATED" | "DELETED";

/** A decoded change of a row of a model's table. */
export interface ModelChange<Row> {
  readonly action: ChangeAction;
  /** The row's primary key as text. */
  readonly id: string;
  /** The row before the change; null for a created row. */
  readonly before: Row | null;
  /** The row after the change; null for a deleted row. */
  readonly after: Row | null;
  /** The model's fields whose values an update changed; empty for other actions. */
  readonly changed: readonly string[];
  /**
   * True if the table's row was not itself created or deleted: it became visible or invisible to the viewer, or began
   * or ceased to meet the criteria, or its primary key was updated.
   */
  readonly moved: boolean;
  /** The time of the write. */
  readonly at: Date;
  /**
   * The change as plain JSON with the model's fields only: dates in ISO 8601, bigints and decimals as text, bytes in
   * base64.
   *
   * @param names `fields` names fields as the model does, `columns` as the database. Default `fields`.
   * @param only the fields to include, by their names in the model. Default: all.
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
 * An application's hooks for the changes of a model's table. The relay calls them in the process that publishes. A hook
 * that throws is logged, and affects no other hook or change.
 */
export interface ModelHooks<Row> {
  /** Whether a change is published. If it throws, the change is published. Default: every change is published. */
  readonly shouldPublish?: (change: ModelChange<Row>) => boolean;
  /** Further topics to publish a change to, beside the table's own. If it throws: none. */
  readonly topics?: (change: ModelChange<Row>) => readonly TopicLike[];
  /**
   * The payload for a further topic, as plain JSON. Default: `change.plain()`. If it throws, nothing is published to
   * that topic.
   */
  readonly payload?: (change: ModelChange<Row>, topic: string) => unknown;
}

/** {@link ModelHooks} with erased types. */
export interface ErasedHooks {
  shouldPublish?(this: void, change: unknown): boolean;
  topics?(this: void, change: unknown): readonly TopicLike[];
  payload?(this: void, change: unknown, topic: string): unknown;
}
