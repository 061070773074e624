import { GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import { createFanfare, silentLog, type Fanfare, type FanfareOptions } from "fanfare";
import type { Model } from "fanfare/models";
import type { ChangePayload } from "../../src/relay/change-payload.ts";

export interface Viewing {
  readonly viewer?: string;
}

type AnyModel = Pick<Model<unknown, Viewing>, "subscriptions" | "types" | "topic">;

export function schemaOf(...models: readonly AnyModel[]): GraphQLSchema {
  return new GraphQLSchema({
    query: new GraphQLObjectType({ name: "Query", fields: { hi: { type: GraphQLString } } }),
    subscription: new GraphQLObjectType<unknown, Viewing>({
      name: "Subscription",
      fields: Object.assign({}, ...models.map(({ subscriptions }) => subscriptions)),
    }),
    types: models.flatMap(({ types }) => types),
  });
}

export function serverOf(model: AnyModel, options: Partial<FanfareOptions<Viewing>> = {}): Fanfare<Viewing> {
  return createFanfare<Viewing>({ schema: schemaOf(model), log: silentLog, ...options });
}

/** The results of a subscription for some changes. */
export async function heard(
  model: AnyModel,
  subscription: string,
  changes: readonly ChangePayload[],
  more: { readonly viewer?: string; readonly variables?: Readonly<Record<string, unknown>> } = {},
): Promise<readonly unknown[]> {
  await using fanfare = serverOf(model, { formatError: (error) => error.toJSON() });
  const { viewer, variables } = more;
  const query = subscription.startsWith("subscription") ? subscription : `subscription { ${subscription} }`;
  const results = await fanfare.subscribe({
    query,
    context: viewer === undefined ? {} : { viewer },
    ...(variables && { variables }),
  });
  for (const change of changes) await fanfare.publish(model.topic, change);
  await fanfare.end(model.topic);
  const told: unknown[] = [];
  for await (const result of results) told.push(result.errors ? result : Object.values(result.data ?? {})[0]);
  return told;
}
