import {
  getArgumentValues,
  type FieldNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from "graphql";
import type { Arguments } from "../../declare/declaration.ts";
import { collectFields } from "../selection/collect-fields.ts";
import type { Document } from "../document/document.ts";
import { fragmentsOf } from "../selection/fragments.ts";
import type { VariableValues } from "../selection/selection.ts";

/** The root field of a subscription operation. */
export interface RootField {
  readonly parentType: GraphQLObjectType;
  readonly field: GraphQLField<unknown, unknown>;
  readonly nodes: readonly [FieldNode, ...FieldNode[]];
  /** Its response name. */
  readonly key: string;
  readonly args: Arguments;
}

/**
 * The first root field, as CreateSourceEventStream (spec 6.2.3.1) takes it. Undefined if `@skip` and `@include` exclude
 * every field.
 *
 * @throws the GraphQLError of arguments that cannot be coerced.
 */
export function rootFieldOf(
  schema: GraphQLSchema,
  document: Document,
  operation: OperationDefinitionNode,
  values: VariableValues,
): RootField | undefined {
  const parentType = schema.getSubscriptionType();
  if (!parentType) return undefined;
  const scope = { schema, fragments: fragmentsOf(document.ast), values };
  const collected = collectFields(scope, parentType, [operation.selectionSet]);
  for (const [key, nodes] of collected ?? []) {
    const field = parentType.getFields()[nodes[0].name.value];
    if (!field) return undefined;
    return { parentType, field, nodes, key, args: getArgumentValues(field, nodes[0], values) };
  }
  return undefined;
}
