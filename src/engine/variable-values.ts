import type { getDirectiveValues } from "graphql";

/**
 * What graphql-js's `getArgumentValues` and `getDirectiveValues` want of an operation's variables. 17 has a name for it,
 * 16 has none; this is the type that both take.
 */
export type VariableValues = NonNullable<Parameters<typeof getDirectiveValues>[2]>;
