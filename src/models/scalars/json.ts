import { GraphQLScalarType, valueFromASTUntyped } from "graphql";

/** Whatever JSON can hold. */
export const jsonValue: GraphQLScalarType<unknown, unknown> = new GraphQLScalarType<unknown, unknown>({
  name: "JSON",
  description: "Any JSON value.",
  serialize: (value) => value,
  parseValue: (input) => input,
  parseLiteral: (node, variables) => valueFromASTUntyped(node, variables),
});
