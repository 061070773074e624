import {
  getDirectiveValues,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  isAbstractType,
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  type NamedTypeNode,
  type SelectionNode,
} from "graphql";

/** The name under which a field stands in the answer. */
export function responseKey(field: FieldNode): string {
  return field.alias ? field.alias.value : field.name.value;
}

/** `@skip` and `@include` (spec 3.13). Throws a GraphQLError when a condition has no value. */
export function isIncluded(selection: SelectionNode, values: VariableValues): boolean {
  if (!selection.directives?.length) return true;
  if (getDirectiveValues(GraphQLSkipDirective, selection, values)?.["if"] === true) return false;
  return getDirectiveValues(GraphQLIncludeDirective, selection, values)?.["if"] !== false;
}

/** DoesFragmentTypeApply (spec 6.3.2). No condition always applies. */
export function appliesTo(
  schema: GraphQLSchema,
  condition: NamedTypeNode | undefined,
  type: GraphQLObjectType,
): boolean {
  if (!condition || condition.name.value === type.name) return true;
  const conditionType = schema.getType(condition.name.value);
  return isAbstractType(conditionType) && schema.isSubType(conditionType, type);
}

/**
 * What graphql-js's `getArgumentValues` and `getDirectiveValues` want of an operation's variables. 17 has a name for it,
 * 16 has none; this is the type that both take.
 */
export type VariableValues = NonNullable<Parameters<typeof getDirectiveValues>[2]>;
