import type { TopicLike } from "../declare/topic.ts";
import type { ModelChange } from "./change.ts";

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
