import type { CapturedChange, TableName } from "../contract/captured.ts";
import type { Topic } from "../declare/topic.ts";

/** An event of a model's own making, besides the one in its table's topic. */
export interface ExtraEvent {
  readonly topic: Topic | string;
  readonly payload: unknown;
}

/** What a relay asks a model about the changes of its table. None of its functions throws. */
export interface RelayedModel {
  readonly table: TableName;
  /** Whether a change is told to anybody. */
  isPublished(change: CapturedChange): boolean;
  /** What else is published because of a change. */
  extraEvents(change: CapturedChange): readonly ExtraEvent[];
}
