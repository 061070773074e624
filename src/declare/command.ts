import type { GraphQLField, GraphQLFieldResolver } from "graphql";

const marked = new WeakSet<object>();

/**
 * Declares that the `subscribe` of a field carries something out, gives one value that says so, and ends. HTTP may then
 * ask for it by POST, like a mutation, and is answered with that one result.
 *
 * Where functions are wrapped by other libraries, set `extensions: { fanfare: { command: true } }` on the field.
 */
export function command<Subscribe extends GraphQLFieldResolver<never, never, never>>(subscribe: Subscribe): Subscribe {
  marked.add(subscribe);
  return subscribe;
}

/** Whether a subscription field was declared a command, by mark or by extension. */
export function isCommandField(field: Pick<GraphQLField<unknown, unknown>, "subscribe" | "extensions">): boolean {
  if (field.subscribe && marked.has(field.subscribe)) return true;
  const extension: unknown = field.extensions["fanfare"];
  return typeof extension === "object" && extension !== null && "command" in extension && extension.command === true;
}
