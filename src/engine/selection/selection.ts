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

/** The response name of a field: its alias, or its name. */
export function responseKey(field: FieldNode): string {
  return field.alias ? field.alias.value : field.name.value;
}

/**
 * Whether `@skip` and `@include` (spec 3.13) keep a selection.
 *
 * @throws a GraphQLError if a condition has no value.
 */
export function isIncluded(selection: SelectionNode, values: VariableValues): boolean {
  if (!selection.directives?.length) return true;
  if (getDirectiveValues(GraphQLSkipDirective, selection, values)?.["if"] === true) return false;
  return getDirectiveValues(GraphQLIncludeDirective, selection, values)?.["if"] !== false;
}

/** DoesFragmentTypeApply (spec 6.3.2). A fragment without a condition always applies. */
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
 * The type of variables that graphql-js's `getArgumentValues` and `getDirectiveValues` take, in versions 16 and 17.
 * Only 17 exports a name for it.
 */
export type VariableValues = NonNullable<Parameters<typeof getDirectiveValues>[2]>;
