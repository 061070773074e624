import type { Arguments } from "../declare/declaration.ts";
import type { Trigger, TriggerDetails, Triggers } from "../declare/triggers.ts";

/** The operation, as a setup function gets it. Reading `context` makes the operation private to its session. */
export type SetupOptions = Omit<TriggerDetails, "subscriptionName">;

/**
 * Maps an operation to the triggers that it listens to. `channelOptions` are accepted and ignored. A method, so that a
 * setup function may declare narrower arguments (bivariance).
 */
export type SetupFunction = {
  setup(
    options: SetupOptions,
    args: Arguments,
    subscriptionName: string,
  ): Readonly<Record<string, Trigger & { readonly channelOptions?: unknown }>>;
}["setup"];

/** Setup functions by subscription field. A field without an entry listens to the trigger with the field's name. */
export type SetupFunctions = Readonly<Record<string, SetupFunction>>;

export function triggersOf(setupFunctions: SetupFunctions): Triggers {
  return Object.fromEntries(
    Object.entries(setupFunctions).map(([field, setup]) => [
      field,
      (args: Arguments, details: TriggerDetails) => setup(details, args, details.subscriptionName),
    ]),
  );
}
