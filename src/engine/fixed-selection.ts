import { BREAK, Kind, visit, type ASTNode, type DocumentNode, type OperationDefinitionNode } from "graphql";

/**
 * Whether an operation selects the same whatever its variables are: they stand in the arguments of its root fields and
 * nowhere else. Fragments count even where the operation does not spread them.
 */
export function isFixedSelection(document: DocumentNode, operation: OperationDefinitionNode): boolean {
  const rootArguments = new Set<unknown>(
    operation.selectionSet.selections.flatMap((selection) =>
      selection.kind === Kind.FIELD ? (selection.arguments ?? []) : [],
    ),
  );
  const fragments = document.definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION);
  return [operation.selectionSet, ...fragments].every((node) => !mentionsVariable(node, rootArguments));
}

function mentionsVariable(node: ASTNode, except: ReadonlySet<unknown>): boolean {
  let mentions = false;
  visit(node, {
    Argument: (argument) => (except.has(argument) ? false : undefined),
    Variable: () => {
      mentions = true;
      return BREAK;
    },
  });
  return mentions;
}
