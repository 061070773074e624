import { subscription, type SubscriptionField, type SubscriptionOptions } from "./subscription.ts";
import { topic } from "./topic.ts";

export interface Declare<Context> {
  /** See {@link subscription}. */
  readonly subscription: <Args, Event, Value = Event, Facet extends object = never>(
    options: SubscriptionOptions<Context, Args, Event, Value, Facet>,
  ) => SubscriptionField<Context, Args, Value>;
  /** See {@link topic}. */
  readonly topic: typeof topic;
}

/** The tools to declare subscriptions with, for a server whose `context` option gives `Context`. */
export function declare<Context = unknown>(): Declare<Context> {
  return { subscription: (options) => subscription(options), topic };
}
