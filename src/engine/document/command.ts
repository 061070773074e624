import { getOperationAST, Kind, type DocumentNode, type GraphQLSchema, type SelectionSetNode } from "graphql";
import { operationNameOf } from "../../base/operation-name.ts";
import { isCommandField } from "../../declare/command.ts";
import { fragmentsOf, type Fragments } from "../selection/fragments.ts";

/** Whether an operation is a subscription whose root fields are all commands. The document need not be valid. */
export function isCommand(schema: GraphQLSchema, document: DocumentNode, operationName: string | undefined): boolean {
  const operation = getOperationAST(document, operationNameOf(operationName));
  if (operation?.operation !== "subscription") return false;
  const fields = schema.getSubscriptionType()?.getFields() ?? {};
  const names = [...fieldsIn(operation.selectionSet, fragmentsOf(document), new Set())];
  return names.length > 0 && names.every((name) => Object.hasOwn(fields, name) && isCommandNamed(fields[name]));
}

function isCommandNamed(field: Parameters<typeof isCommandField>[0] | undefined): boolean {
  return field !== undefined && isCommandField(field);
}

/** @param seen names of visited fragments: an invalid document may have fragment cycles. */
function* fieldsIn({ selections }: SelectionSetNode, fragments: Fragments, seen: Set<string>): Generator<string> {
  for (const selection of selections) {
    if (selection.kind === Kind.FIELD) yield selection.name.value;
    else if (selection.kind === Kind.INLINE_FRAGMENT) yield* fieldsIn(selection.selectionSet, fragments, seen);
    else if (!seen.has(selection.name.value)) {
      seen.add(selection.name.value);
      const fragment = fragments.get(selection.name.value);
      if (fragment) yield* fieldsIn(fragment.selectionSet, fragments, seen);
    }
  }
}
