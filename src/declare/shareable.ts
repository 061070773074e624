import type { GraphQLField, GraphQLFieldResolver } from "graphql";

const marked = new WeakSet<object>();

/**
 * Declares that a resolver depends on nothing but its source and arguments, so that one result may serve everybody.
 * In a shared execution the context is guarded: a resolver that reads it all the same is caught, its result is thrown
 * away, and the operator is told which field it was.
 *
 * Where functions are wrapped by other libraries, set `extensions: { fanfare: { shareable: true } }` on the field.
 */
export function shareable<Resolver extends GraphQLFieldResolver<never, never, never>>(resolver: Resolver): Resolver {
  marked.add(resolver);
  return resolver;
}

/** Whether a field with a resolver of its own was declared shareable, by mark or by extension. */
export function isShareable(field: Pick<GraphQLField<unknown, unknown>, "resolve" | "extensions">): boolean {
  if (field.resolve && marked.has(field.resolve)) return true;
  const extension: unknown = field.extensions["fanfare"];
  return (
    typeof extension === "object" && extension !== null && "shareable" in extension && extension.shareable === true
  );
}
