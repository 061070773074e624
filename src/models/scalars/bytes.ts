import { Buffer } from "node:buffer";
import { GraphQLError, GraphQLScalarType, Kind } from "graphql";

const base64 = /^(?:[\w+/-]{4})*(?:[\w+/-]{2}(?:==)?|[\w+/-]{3}=?)?$/;

/** Bytes, as base64. */
export const base64Bytes: GraphQLScalarType<unknown, string> = new GraphQLScalarType<unknown, string>({
  name: "Bytes",
  description: "Bytes in base64.",
  serialize(value) {
    if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
    throw new GraphQLError("Bytes must be a Uint8Array");
  },
  parseValue: parsed,
  parseLiteral: (node) => parsed(node.kind === Kind.STRING ? node.value : undefined),
});

function parsed(input: unknown): Uint8Array {
  if (typeof input === "string" && base64.test(input)) return new Uint8Array(Buffer.from(input, "base64"));
  throw new GraphQLError(`${JSON.stringify(input)} is no Bytes; it must be a text in base64`);
}
