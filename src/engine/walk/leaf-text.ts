import { GraphQLBoolean, GraphQLFloat, GraphQLID, GraphQLInt, GraphQLString, type GraphQLLeafType } from "graphql";
import { isThenable, silence } from "../../base/thenable.ts";

/** The JSON text of a scalar's or an enum's value; undefined when it has none, or one that only graphql-js should judge. */
export type LeafText = (value: unknown) => string | undefined;

/** The fast paths give what the built-in scalars and JSON.stringify give; every other value takes the long way. */
export function leafText(type: GraphQLLeafType): LeafText {
  switch (type) {
    case GraphQLString:
    case GraphQLID:
      return (value) => (typeof value === "string" ? quoted(value) : outputText(type, value));
    case GraphQLInt:
      return (value) => (typeof value === "number" && (value | 0) === value ? `${value}` : outputText(type, value));
    case GraphQLFloat:
      return (value) => (typeof value === "number" && Number.isFinite(value) ? `${value}` : outputText(type, value));
    case GraphQLBoolean:
      return (value) => (typeof value === "boolean" ? `${value}` : outputText(type, value));
    default:
      return (value) => outputText(type, value);
  }
}

// What JSON escapes: quotes, backslashes, control characters, and surrogates, since a lone one is escaped.
const escaped = /["\\]|[^ -\ud7ff\ue000-\uffff]/;
// Up to about this length looking is faster than calling JSON.stringify.
const short = 40;

function quoted(text: string): string {
  return text.length > short || escaped.test(text) ? JSON.stringify(text) : `"${text}"`;
}

function outputText(type: GraphQLLeafType, value: unknown): string | undefined {
  let output: unknown;
  try {
    output = coerced(type, value);
  } catch {
    return undefined;
  }
  if (typeof output === "string") return quoted(output);
  if (typeof output === "number") return Number.isFinite(output) ? `${output}` : undefined;
  if (typeof output === "boolean") return `${output}`;
  return typeof output === "object" && output !== null ? objectText(output) : undefined;
}

function coerced(type: GraphQLLeafType, value: unknown): unknown {
  // graphql-js 16 knows `serialize` only.
  return typeof type.coerceOutputValue === "function" ? type.coerceOutputValue(value) : type.serialize(value);
}

/** A custom scalar may give a whole structure. Only its own `toJSON` would learn where it stands; a date does not ask. */
function objectText(output: { readonly then?: unknown; readonly toJSON?: unknown }): string | undefined {
  if (isThenable(output)) {
    silence(output);
    return undefined;
  }
  const { toJSON } = output;
  return typeof toJSON === "function" && toJSON !== Date.prototype.toJSON ? undefined : JSON.stringify(output);
}
