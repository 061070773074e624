import type { GraphQLFieldConfig } from "graphql";
import type { Context } from "./context.ts";

/** How fields get their values: by the name of their type, and their own. */
export type Fields = Readonly<
  Record<string, Readonly<Record<string, Pick<GraphQLFieldConfig<unknown, Context>, "resolve" | "subscribe">>>>
>;
