import type { GraphQLFieldConfig } from "graphql";
import type { Context } from "./context.ts";

type Resolvers<Of> = Pick<GraphQLFieldConfig<unknown, Of>, "resolve" | "subscribe">;

/** How fields get their values: by the name of their type, and their own. */
export type Fields = Readonly<Record<string, Readonly<Record<string, Resolvers<Context>>>>>;

/** What a schema in the schema language needs of a field: its types stand there already. */
export function resolversOf<Of>({ resolve, subscribe }: GraphQLFieldConfig<unknown, Of>): Resolvers<Of> {
  return { ...(resolve && { resolve }), ...(subscribe && { subscribe }) };
}
