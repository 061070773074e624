import type { Event } from "../contract/broker.ts";
import type { Trigger, TriggerDetails, Triggers } from "../declare/triggers.ts";
import type { Plan } from "./plan.ts";
import type { Prepared } from "./prepare.ts";
import type { RootField } from "./root-field.ts";

/** Where the events of a field without a `subscribe` come from: its trigger, or the topic that is called like it. */
export function triggered(
  triggers: Triggers,
  root: RootField,
  { document, request, variables }: Prepared,
  context: unknown,
): Pick<Plan, "topics" | "match" | "filter"> & { readonly readsContext: boolean } {
  const subscriptionName = root.field.name;
  const trigger = Object.hasOwn(triggers, subscriptionName) ? triggers[subscriptionName] : undefined;
  if (!trigger) return { topics: [subscriptionName], match: undefined, filter: undefined, readsContext: false };

  let readsContext = false;
  const details: TriggerDetails = {
    subscriptionName,
    query: document.source,
    operationName: request.operationName,
    variables: variables.coerced,
    get context() {
      readsContext = true;
      return context;
    },
  };
  const byTopic = new Map(Object.entries(trigger(root.args, details)));
  const filters = [...byTopic.values()].flatMap((entry) => entry.filter ?? []);
  return {
    topics: [...byTopic.keys()],
    match: undefined,
    filter: filters.length === 0 ? undefined : (event, fresh) => passes(byTopic.get(event.topic), event, fresh),
    readsContext: readsContext || filters.some((filter) => filter.length > 1),
  };
}

function passes(trigger: Trigger | undefined, event: Event, context: () => unknown): boolean | Promise<boolean> {
  if (!trigger?.filter) return true;
  if (trigger.filter.length < 2) return trigger.filter(event.payload, undefined);
  const fresh = context();
  return fresh instanceof Promise
    ? fresh.then((awaited) => trigger.filter?.(event.payload, awaited) ?? true)
    : trigger.filter(event.payload, fresh);
}
