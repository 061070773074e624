import type { ModelChange, ModelHooks } from "../../models.ts";
import { groupTopic, type GroupEvent } from "./group-topic.ts";

/**
 * Hooks by which a model's changes reach the groups that CypartaGraphqlSubscriptionsTools names: `CarCreated`,
 * `CarUpdated.7` and `CarDeleted.7`, each told `{ pk, fields, group }` with the database's names for the fields.
 *
 * ```ts
 * const Car = model(cars, { name: "Car", fields: ["id", "make"], hooks: groupHooks("Car") });
 * ```
 *
 * @param model what the groups' names begin with.
 */
export function groupHooks(model: string): ModelHooks<unknown> {
  return {
    topics: (change) => [groupTopic(groupOf(model, change))],
    payload: (change): GroupEvent => {
      const group = groupOf(model, change);
      const { before, after } = change.plain("columns");
      const fields = after ?? before ?? {};
      const pk = fields["id"] ?? change.id;
      return { group, value: { pk, fields: { ...fields, id: pk }, group } };
    },
  };
}

function groupOf(model: string, { action, id }: ModelChange<unknown>): string {
  if (action === "UPDATED" || action === "DELETED")
    return `${model}${action === "UPDATED" ? "Updated" : "Deleted"}.${id}`;
  return `${model}Created`;
}
