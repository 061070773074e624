import {
  GraphQLBoolean,
  GraphQLInputObjectType,
  GraphQLList,
  GraphQLNonNull,
  type GraphQLInputFieldConfig,
  type GraphQLScalarType,
} from "graphql";

const byScalar = new WeakMap<GraphQLScalarType, GraphQLInputObjectType>();

/** The input type of the conditions on a value. Models share one type per scalar. */
export function valueWhereType(scalar: GraphQLScalarType): GraphQLInputObjectType {
  const known = byScalar.get(scalar);
  if (known) return known;
  const type = new GraphQLInputObjectType({
    name: `${scalar.name}Where`,
    description: "Conditions that all have to be met. A null value meets no condition except isNull.",
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

/** The input type of a model's `where`: conditions on fields, and their combination by `and`, `or` and `not`. */
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
