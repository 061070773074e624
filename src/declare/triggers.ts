import type { Arguments, MaybePromise } from "./declaration.ts";

/** The operation, as a trigger function gets it besides the field's arguments. */
export interface TriggerDetails {
  /** The name of the subscription field. */
  readonly subscriptionName: string;
  readonly query: string;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Reading it makes the operation private to its session. */
  readonly context: unknown;
}

/** A topic that a field listens to. `filter` is a method, so that its event may have a narrower type. */
export interface Trigger {
  /**
   * Decides whether an event is delivered, which only true does; may be async. A filter that declares a second parameter gets the context,
   * which makes the operation private to its session.
   */
  filter?(this: void, event: unknown, context: unknown): MaybePromise<boolean>;
}

/**
 * Maps a field's arguments to the topics that its operation listens to. A method, so that a trigger function may declare
 * narrower arguments (bivariance).
 */
export type TriggerFunction = {
  trigger(args: Arguments, details: TriggerDetails): Readonly<Record<string, Trigger>>;
}["trigger"];

/**
 * Trigger functions by the names of subscription fields, for a schema whose resolvers cannot be changed. A field
 * without an entry listens to the topic with the field's name; one that is not there is refused.
 */
export type Triggers = Readonly<Record<string, TriggerFunction>>;
