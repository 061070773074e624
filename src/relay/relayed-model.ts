import { must, propertyOf, type Rule } from "../base/rule.ts";
import type { CapturedChange, TableName } from "../contract/captured.ts";
import type { Topic } from "../declare/topic.ts";

/** A model's additional event for a change, beside the one in the table's topic. */
export interface ExtraEvent {
  readonly topic: Topic | string;
  readonly payload: unknown;
}

/** A model, as a relay sees it. No function throws. */
export interface RelayedModel {
  readonly table: TableName;
  /** Whether a change is published. */
  isPublished(change: CapturedChange): boolean;
  /** The events that are published for a change beside the one in the table's topic. */
  extraEvents(change: CapturedChange): readonly ExtraEvent[];
}

/** A {@link RelayedModel}. */
export const aModel: Rule = must(
  "a model, which model() of fanfare/models returns",
  (value) => typeof propertyOf(value, "isPublished") === "function" && propertyOf(value, "table") !== undefined,
);
