import { blaming } from "../../base/blame.ts";
import type { Event } from "../../contract/broker.ts";
import type { Trigger, TriggerDetails, Triggers } from "../../declare/triggers.ts";
import { LentContext } from "../context-guard.ts";
import { everything } from "../hub/match-index.ts";
import { triggersOf } from "./answers.ts";
import type { ContextSource, EventFilter, Plan } from "./plan.ts";
import type { Prepared } from "../document/prepare.ts";
import type { RootField } from "./root-field.ts";

/** The topics and filter of a field without a `subscribe`: those of its trigger, or the topic of the field's name. */
export function triggered(
  triggers: Triggers,
  root: RootField,
  { document, request, variables }: Prepared,
  context: unknown,
): Pick<Plan, "topics" | "interest" | "filter" | "filtersByTopic" | "filterAlone" | "lent"> & {
  readonly readsContext: string | undefined;
} {
  const subscriptionName = root.field.name;
  const trigger = Object.hasOwn(triggers, subscriptionName) ? triggers[subscriptionName] : undefined;
  const nothing = {
    interest: everything,
    filter: undefined,
    filtersByTopic: false,
    filterAlone: undefined,
    lent: undefined,
  };
  if (!trigger) return { ...nothing, topics: [subscriptionName], readsContext: undefined };

  const ask = (lent: LentContext): ReadonlyMap<string, Trigger> => {
    const details: TriggerDetails = {
      subscriptionName,
      query: document.source,
      operationName: request.operationName,
      variables: variables.coerced,
      get context() {
        return lent.value;
      },
    };
    const field = `Subscription.${subscriptionName}`;
    return blaming("triggers", field, () => triggersOf(trigger(root.args, details), field));
  };
  const lent = new LentContext(context);
  const byTopic = ask(lent);
  const filters = [...byTopic.values()].flatMap((entry) => entry.filter ?? []);
  const topics = [...byTopic.keys()];
  const reads = lent.read || filters.some((filter) => filter.length > 1);
  const readsContext = reads ? `The trigger of Subscription.${subscriptionName} reads the context` : undefined;
  if (filters.length === 0) return { ...nothing, topics, readsContext };
  return {
    ...nothing,
    topics,
    filtersByTopic: topics.length > 1,
    filter: (event, fresh) => passes(byTopic.get(event.topic), event, fresh),
    filterAlone: () => askingFirst(ask, byTopic),
    lent,
    readsContext,
  };
}

/**
 * The filter of one member. It calls the trigger again, once, with that member's own context. A topic that the trigger
 * names no longer is hidden.
 */
function askingFirst(
  ask: (lent: LentContext) => ReadonlyMap<string, Trigger>,
  planned: ReadonlyMap<string, Trigger>,
): EventFilter {
  let asked: Promise<ReadonlyMap<string, Trigger>> | undefined;
  return async (event, fresh) => {
    asked ??= Promise.resolve(fresh()).then((context) => ask(new LentContext(context)));
    const trigger = (await asked).get(event.topic);
    return trigger || !planned.has(event.topic) ? passes(trigger, event, fresh) : false;
  };
}

/** The answer of a topic's filter. An event of a topic without one, such as a topic that was joined later, passes. */
function passes(trigger: Trigger | undefined, event: Event, context: ContextSource): unknown {
  if (!trigger?.filter) return true;
  if (trigger.filter.length < 2) return trigger.filter(event.payload, undefined);
  const fresh = context();
  return fresh instanceof Promise
    ? fresh.then((awaited) => trigger.filter?.(event.payload, awaited))
    : trigger.filter(event.payload, fresh);
}
