import { GraphQLError, GraphQLString, type GraphQLFieldConfig } from "graphql";

/** An error that has no JSON: its extensions hold a bigint, and an object that refers to itself. */
export function unwritable(): GraphQLError {
  const request: Record<string, unknown> = { row: 10n };
  request["response"] = { request };
  return new GraphQLError("gone", { extensions: request });
}

/** Fields with a source of their own, which throws such an error: after an event, or at once. */
export const unwritableFields: Record<"breaks" | "refuses", GraphQLFieldConfig<unknown, { user?: string }>> = {
  breaks: {
    type: GraphQLString,
    subscribe: async function* () {
      yield { breaks: "one" };
      throw unwritable();
    },
  },
  refuses: {
    type: GraphQLString,
    subscribe: () => {
      throw unwritable();
    },
  },
};
