import type { GraphQLField, GraphQLSchema } from "graphql";
import { FanfareError } from "./base/error.ts";
import { nearName } from "./base/near-name.ts";
import type { Log } from "./contract/log.ts";
import { declarationOf } from "./declare/declaration.ts";
import type { Triggers } from "./declare/triggers.ts";

/**
 * Looks for what would be silent for ever: a trigger without effect, and a subscription field that nobody declared. The
 * option `triggers`, also an empty one, says that such fields are meant to listen to the topics of their names.
 *
 * @throws FanfareError BAD_OPTION for a trigger of a field that is not there, or that has a source of its own.
 */
export function checkSubscriptionFields(schema: GraphQLSchema, triggers: Triggers | undefined, log: Log): void {
  const fields = schema.getSubscriptionType()?.getFields() ?? {};
  if (triggers) return assertEffective(triggers, fields);
  for (const field of Object.values(fields)) {
    if (hasSource(field) || field.extensions["fanfare"] !== undefined) continue;
    const what = `Subscription.${field.name} is not declared, so it hears only what is published to the topic "${field.name}"`;
    const cure = "Declare it by subscription(), or give the server `triggers`, if only {}, to say that this is meant";
    log.warn(`${what}. ${cure}`, { field: `Subscription.${field.name}` });
  }
}

type Fields = Readonly<Record<string, GraphQLField<unknown, unknown>>>;

function assertEffective(triggers: Triggers, fields: Fields): void {
  for (const name of Object.keys(triggers)) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (!field) throw unknownField(name, Object.keys(fields));
    if (!hasSource(field)) continue;
    const why = `Subscription.${name} has a declaration or a \`subscribe\` of its own. Remove one of the two`;
    throw new FanfareError("BAD_OPTION", `createFanfare: triggers.${name} has no effect: ${why}`);
  }
}

function hasSource(field: GraphQLField<unknown, unknown>): boolean {
  return field.subscribe !== undefined || declarationOf(field) !== undefined;
}

function unknownField(name: string, names: readonly string[]): FanfareError {
  const near = nearName(name, names);
  const advice = near === undefined ? `There are ${names.toSorted().join(", ") || "none"}` : `Did you mean ${near}?`;
  return new FanfareError("BAD_OPTION", `createFanfare: triggers.${name} has no field Subscription.${name}. ${advice}`);
}
