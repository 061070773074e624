import { GraphQLBoolean, GraphQLFloat, GraphQLID, GraphQLInt, GraphQLString, type GraphQLLeafType } from "graphql";
import { isThenable, silence } from "../../base/thenable.ts";

/**
 * The JSON text of a scalar's or an enum's value; undefined if graphql-js has to serialise it, or to word its error.
 */
export type LeafText = (value: unknown) => string | undefined;

/** The {@link LeafText} of a type. Built-in scalars have a fast path, with the same text as JSON.stringify. */
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

// Characters that JSON may escape: quotes, backslashes, control characters, surrogates (JSON escapes lone ones).
const escaped = /["\\]|[^ -\ud7ff\ue000-\uffff]/;
// The length, in UTF-16 code units, up to which the regular expression is faster than JSON.stringify.
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
  // graphql-js 16 has only `serialize`.
  return typeof type.coerceOutputValue === "function" ? type.coerceOutputValue(value) : type.serialize(value);
}

/**
 * The JSON text of a custom scalar's object. Undefined if it has a `toJSON` other than a date's: that is called with
 * the key of its property, which is not known here.
 */
function objectText(output: { readonly then?: unknown; readonly toJSON?: unknown }): string | undefined {
  if (isThenable(output)) {
    silence(output);
    return undefined;
  }
  const { toJSON } = output;
  return typeof toJSON === "function" && toJSON !== Date.prototype.toJSON ? undefined : JSON.stringify(output);
}
