import { GraphQLError, GraphQLScalarType, Kind } from "graphql";
import { bigint } from "../kinds/integer.ts";

/** An integer of any length. Sent as text, since readers of JSON lose the digits of long numbers. */
export const bigInt: GraphQLScalarType<unknown, string> = new GraphQLScalarType<unknown, string>({
  name: "BigInt",
  description: "An integer of any length, as text. May be given as a number, too.",
  serialize: (value) => String(parsed(typeof value === "number" ? String(value) : value)),
  parseValue: (input) => parsed(Number.isSafeInteger(input) ? String(input) : input),
  parseLiteral: (node) => parsed(node.kind === Kind.STRING || node.kind === Kind.INT ? node.value : undefined),
});

function parsed(value: unknown): bigint {
  const integer = typeof value === "string" ? bigint.decode(value) : value;
  if (typeof integer === "bigint") return integer;
  throw new GraphQLError(`${JSON.stringify(value)} is no BigInt; it must be an integer, as text`);
}
