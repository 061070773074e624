import {
  GraphQLBoolean,
  GraphQLInputObjectType,
  GraphQLList,
  GraphQLNonNull,
  type GraphQLInputFieldConfig,
  type GraphQLScalarType,
} from "graphql";

const byScalar = new WeakMap<GraphQLScalarType, GraphQLInputObjectType>();

/** What can be asked of one value. There is one type for each scalar, whatever the number of models. */
export function valueWhereType(scalar: GraphQLScalarType): GraphQLInputObjectType {
  const known = byScalar.get(scalar);
  if (known) return known;
  const type = new GraphQLInputObjectType({
    name: `${scalar.name}Where`,
    description: "Conditions that all have to be met. No condition but isNull is met where there is no value.",
    fields: {
      eq: { type: scalar },
      ne: { type: scalar },
      in: { type: new GraphQLList(new GraphQLNonNull(scalar)) },
      lt: { type: scalar },
      lte: { type: scalar },
      gt: { type: scalar },
      gte: { type: scalar },
      isNull: { type: GraphQLBoolean },
    },
  });
  byScalar.set(scalar, type);
  return type;
}

/** What can be asked of a model's rows: a condition on each field, and the three ways to combine them. */
export function rowWhereType(
  model: string,
  fields: readonly { readonly name: string; readonly scalar: GraphQLScalarType }[],
): GraphQLInputObjectType {
  const conditions = fields.map(({ name, scalar }) => [name, { type: valueWhereType(scalar) }] as const);
  const type: GraphQLInputObjectType = new GraphQLInputObjectType({
    name: `${model}Where`,
    description: "Conditions that all have to be met.",
    fields: (): Record<string, GraphQLInputFieldConfig> => ({
      ...Object.fromEntries(conditions),
      and: { type: new GraphQLList(new GraphQLNonNull(type)) },
      or: { type: new GraphQLList(new GraphQLNonNull(type)) },
      not: { type },
    }),
  });
  return type;
}
