import { subscription, type SubscriptionField, type SubscriptionOptions } from "./declare/subscription.ts";
import { topic } from "./declare/topic.ts";
import { model, type FieldOf, type Model, type ModelOptions, type ModelTable, type RowOf } from "./models.ts";

/** The functions that declare subscriptions, bound to a type of context. */
export interface Declare<Context> {
  /** See {@link subscription}. */
  readonly subscription: <Args, Event, Value = Event, Facet extends object = never>(
    options: SubscriptionOptions<Context, Args, Event, Value, Facet>,
  ) => SubscriptionField<Context, Args, Value>;
  /** See {@link topic}. */
  readonly topic: typeof topic;
  /** See {@link model}. */
  readonly model: <const Source extends ModelTable, const Field extends FieldOf<Source>>(
    table: Source,
    options: ModelOptions<RowOf<Source>, Context, Field>,
  ) => Model<RowOf<Source>, Context>;
}

/** Gives the functions that declare subscriptions, for a server whose `context` option returns `Context`. */
export function declare<Context = unknown>(): Declare<Context> {
  return {
    subscription: (options) => subscription(options),
    topic,
    model: (table, options) => model(table, options),
  };
}

export { command } from "./declare/command.ts";
export type { Arguments, MatchValue, MaybePromise, Snapshot } from "./declare/declaration.ts";
export type { OperationContext, OperationHandle } from "./declare/operation-handle.ts";
export type { PublishOptions, Topics } from "./declare/publish.ts";
export { createPublisher, type Publisher, type PublisherOptions } from "./declare/publisher.ts";
export type { Overflow, QueueOptions } from "./declare/queue.ts";
export { shareable } from "./declare/shareable.ts";
export { SKIP, type Skip } from "./declare/skip.ts";
export {
  subscription,
  type MatchOf,
  type SubscriptionField,
  type SubscriptionOptions,
} from "./declare/subscription.ts";
export {
  topic,
  Topic,
  type OpenTopicFamily,
  type PartValues,
  type TopicFamily,
  type TopicLike,
  type TopicPart,
  type TopicParts,
} from "./declare/topic.ts";
export type { Trigger, TriggerDetails, TriggerFunction, Triggers } from "./declare/triggers.ts";
