import { Kind, OperationTypeNode, type OperationDefinitionNode, type SelectionSetNode } from "graphql";
import type { Fragments } from "./fragments.ts";

/** Whether an operation asks for the schema and for nothing else. `__typename` alone does not make it one. */
export function isIntrospection(operation: OperationDefinitionNode, fragments: Fragments): boolean {
  if (operation.operation !== OperationTypeNode.QUERY) return false;
  const names = new Set(rootFieldNames(operation.selectionSet, fragments, new Set()));
  const asks = names.delete("__schema") || names.has("__type");
  names.delete("__type");
  names.delete("__typename");
  return asks && names.size === 0;
}

function* rootFieldNames(
  selectionSet: SelectionSetNode,
  fragments: Fragments,
  visited: Set<string>,
): Generator<string> {
  for (const selection of selectionSet.selections) {
    if (selection.kind === Kind.FIELD) yield selection.name.value;
    else if (selection.kind === Kind.INLINE_FRAGMENT) yield* rootFieldNames(selection.selectionSet, fragments, visited);
    else if (!visited.has(selection.name.value)) {
      visited.add(selection.name.value);
      const fragment = fragments.get(selection.name.value);
      if (fragment) yield* rootFieldNames(fragment.selectionSet, fragments, visited);
    }
  }
}
