import { GraphQLError, GraphQLScalarType, Kind } from "graphql";
import { timestamp, timestampText } from "../kinds/timestamp.ts";

/** A moment: a Date, shown in ISO 8601. Text of a moment is shown with all its digits. */
export const dateTime: GraphQLScalarType<unknown, string> = new GraphQLScalarType<unknown, string>({
  name: "DateTime",
  description: "A moment in ISO 8601, such as 2026-11-20T12:00:00.000Z.",
  serialize(value) {
    if (value instanceof Date) return value.toISOString();
    if (typeof value !== "string" || timestampText.decode(value) === undefined) throw refusal(value);
    return /T.*(?:Z|[+-]\d\d(?::?\d\d)?)$|infinity$/.test(value) ? value : `${value}Z`;
  },
  parseValue: moment,
  parseLiteral: (node) => moment(node.kind === Kind.STRING ? node.value : undefined),
});

function moment(input: unknown): unknown {
  const parsed = typeof input === "string" ? timestamp.decode(input) : undefined;
  if (parsed === undefined) throw refusal(input);
  return parsed;
}

function refusal(value: unknown): GraphQLError {
  return new GraphQLError(`${JSON.stringify(value)} is no DateTime; it must be like "2026-11-20T12:00:00.000Z"`);
}
