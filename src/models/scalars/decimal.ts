import { GraphQLError, GraphQLScalarType, Kind } from "graphql";
import { decimal } from "../kinds/decimal.ts";

/** A decimal number with all its digits, as text. */
export const decimalText: GraphQLScalarType<unknown, string> = new GraphQLScalarType<unknown, string>({
  name: "Decimal",
  description: "A decimal number with all its digits, as a text like 12.50. May be given as a number, too.",
  serialize: parsed,
  parseValue: parsed,
  parseLiteral: (node) =>
    parsed(node.kind === Kind.STRING || node.kind === Kind.INT || node.kind === Kind.FLOAT ? node.value : undefined),
});

function parsed(value: unknown): string {
  const isNumber = typeof value === "number" || typeof value === "bigint";
  const text = isNumber || typeof value === "string" ? decimal.decode(String(value)) : undefined;
  if (typeof text === "string") return text;
  throw new GraphQLError(`${isNumber ? value : JSON.stringify(value)} is no Decimal; it must be like "12.50"`);
}
