import {
  GraphQLObjectType,
  isEnumType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
  printType,
  type GraphQLFieldConfig,
  type GraphQLFieldResolver,
  type GraphQLNamedType,
  type GraphQLScalarType,
} from "graphql";

type FieldConfigs = Readonly<Record<string, GraphQLFieldConfig<unknown, unknown>>>;

/** A field's resolvers, as `makeExecutableSchema` takes them. */
export type FieldResolver =
  | GraphQLFieldResolver<unknown, unknown>
  | {
      readonly subscribe: GraphQLFieldResolver<unknown, unknown>;
      readonly resolve: GraphQLFieldResolver<unknown, unknown>;
    };

/** The resolvers of a model's types by their names: a scalar, the values of an enum, or the fields of an object. */
export type Resolvers = Readonly<
  Record<string, GraphQLScalarType | Readonly<Record<string, string>> | Readonly<Record<string, FieldResolver>>>
>;

/** The types and the fields of `Subscription` in the schema definition language. */
export function typeDefsOf(types: readonly GraphQLNamedType[], subscriptions: FieldConfigs): string {
  const root = new GraphQLObjectType<unknown, unknown>({ name: "Subscription", fields: subscriptions });
  return [...types.filter((type) => !isSpecifiedScalarType(type)), root].map(printType).join("\n\n");
}

/** The resolvers for {@link typeDefsOf}: what the schema definition language cannot express. */
export function resolversOf(types: readonly GraphQLNamedType[], subscriptions: FieldConfigs): Resolvers {
  const roots = Object.entries(subscriptions).flatMap(([name, { subscribe, resolve }]) =>
    subscribe && resolve ? [[name, { subscribe, resolve }] as const] : [],
  );
  const resolvers = types.flatMap((type) => {
    const resolver = resolverOf(type);
    return resolver ? [[type.name, resolver] as const] : [];
  });
  return { ...Object.fromEntries(resolvers), Subscription: Object.fromEntries(roots) };
}

function resolverOf(type: GraphQLNamedType): Resolvers[string] | undefined {
  if (isScalarType(type)) return isSpecifiedScalarType(type) ? undefined : type;
  if (isEnumType(type)) return Object.fromEntries(type.getValues().map(({ name, value }) => [name, String(value)]));
  if (!isObjectType(type)) return undefined;
  const own = Object.values(type.getFields()).flatMap(({ name, resolve }) =>
    resolve ? [[name, resolve] as const] : [],
  );
  return own.length > 0 ? Object.fromEntries(own) : undefined;
}
