import type { Arguments } from "../declare/declaration.ts";
import type { Trigger, TriggerDetails, Triggers } from "../declare/triggers.ts";

/** What a setup function is told besides the field's arguments. Reading `context` makes the operation private. */
export type SetupOptions = Omit<TriggerDetails, "subscriptionName">;

interface SetupShape {
  setup(
    options: SetupOptions,
    args: Arguments,
    subscriptionName: string,
  ): Readonly<Record<string, Trigger & { readonly channelOptions?: unknown }>>;
}

/** From an operation to the triggers that concern it. `channelOptions` are taken and not used. */
export type SetupFunction = SetupShape["setup"];

/** By the names of subscription fields. A field without an entry listens to the trigger that is called like it. */
export type SetupFunctions = Readonly<Record<string, SetupFunction>>;

export function triggersOf(setupFunctions: SetupFunctions): Triggers {
  return Object.fromEntries(
    Object.entries(setupFunctions).map(([field, setup]) => [
      field,
      (args: Arguments, details: TriggerDetails) => setup(details, args, details.subscriptionName),
    ]),
  );
}
