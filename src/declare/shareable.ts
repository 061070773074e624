import type { GraphQLField, GraphQLFieldResolver } from "graphql";
import { checkArgument } from "../base/option-check.ts";
import { aFunction } from "../base/rule.ts";

const marked = new WeakSet<object>();

/**
 * Declares that a resolver depends on its source and arguments only, so that one result may serve every member of a
 * cohort. A shared execution gets a guarded context: if the resolver reads it, it gets an inert value, the result is
 * discarded, each member gets an execution of its own, and the log names the field. If it reads the context when its
 * result was delivered, as in a timer, the document is not shared from then on.
 *
 * Where other libraries wrap functions, set `extensions: { fanfare: { shareable: true } }` on the field instead.
 *
 * @throws FanfareError BAD_DECLARATION for anything but a function.
 */
export function shareable<Resolver extends GraphQLFieldResolver<never, never, never>>(resolver: Resolver): Resolver {
  checkArgument("shareable", "resolver", resolver, aFunction(), "BAD_DECLARATION");
  marked.add(resolver);
  return resolver;
}

/** Whether the resolver of a field was declared shareable, by mark or by extension. */
export function isShareable(field: Pick<GraphQLField<unknown, unknown>, "resolve" | "extensions">): boolean {
  if (field.resolve && marked.has(field.resolve)) return true;
  const extension: unknown = field.extensions["fanfare"];
  return (
    typeof extension === "object" && extension !== null && "shareable" in extension && extension.shareable === true
  );
}
