import type { Arguments, MaybePromise } from "./declaration.ts";

/** What a trigger function is told about the operation besides its arguments. */
export interface TriggerDetails {
  /** The name of the subscription field. */
  readonly subscriptionName: string;
  readonly query: string;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Reading it makes the operation private to its session. */
  readonly context: unknown;
}

/** One topic that a field listens to. Written as a method, so that a filter may name a narrower type for its event. */
export interface Trigger {
  /**
   * Decides per event; may be async. A filter that declares a second parameter gets the context, which makes the
   * operation private to its session.
   */
  filter?(this: void, event: unknown, context: unknown): MaybePromise<boolean>;
}

interface TriggerShape {
  trigger(args: Arguments, details: TriggerDetails): Readonly<Record<string, Trigger>>;
}

/** From an operation's arguments to the topics that concern it. */
export type TriggerFunction = TriggerShape["trigger"];

/**
 * For schemas whose resolvers should stay as they are: maps the names of subscription fields to functions from their
 * arguments to topics. A field without an entry listens to the topic that is called like the field.
 */
export type Triggers = Readonly<Record<string, TriggerFunction>>;
