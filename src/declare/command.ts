import type { GraphQLField, GraphQLFieldResolver } from "graphql";
import { checkArgument } from "../base/option-check.ts";
import { aFunction } from "../base/rule.ts";

const marked = new WeakSet<object>();

/**
 * Declares a subscription field a command: its `subscribe` performs an action, yields one value with the outcome, and
 * ends. A client may then request it by HTTP POST, like a mutation, and gets that one result.
 *
 * Where other libraries wrap functions, set `extensions: { fanfare: { command: true } }` on the field instead.
 *
 * @throws FanfareError BAD_DECLARATION for anything but a function.
 */
export function command<Subscribe extends GraphQLFieldResolver<never, never, never>>(subscribe: Subscribe): Subscribe {
  checkArgument("command", "subscribe", subscribe, aFunction(), "BAD_DECLARATION");
  marked.add(subscribe);
  return subscribe;
}

/** Whether a subscription field was declared a command, by mark or by extension. */
export function isCommandField(field: Pick<GraphQLField<unknown, unknown>, "subscribe" | "extensions">): boolean {
  if (field.subscribe && marked.has(field.subscribe)) return true;
  const extension: unknown = field.extensions["fanfare"];
  return typeof extension === "object" && extension !== null && "command" in extension && extension.command === true;
}
