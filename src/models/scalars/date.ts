import { GraphQLError, GraphQLScalarType, Kind } from "graphql";
import { date, dateObject } from "../kinds/date.ts";

/** A day: a Date at midnight UTC, or its text. */
export const day: GraphQLScalarType<unknown, string> = new GraphQLScalarType<unknown, string>({
  name: "Date",
  description: "A day in ISO 8601, such as 2026-11-20.",
  serialize(value) {
    const text = value instanceof Date ? value.toISOString().slice(0, 10) : value;
    if (typeof text !== "string" || date.decode(text) === undefined) throw refusal(value);
    return text;
  },
  parseValue: parsed,
  parseLiteral: (node) => parsed(node.kind === Kind.STRING ? node.value : undefined),
});

function parsed(input: unknown): string {
  if (typeof input !== "string" || dateObject.decode(input) === undefined) throw refusal(input);
  return input;
}

function refusal(value: unknown): GraphQLError {
  return new GraphQLError(`${JSON.stringify(value)} is no Date; it must be like "2026-11-20"`);
}
