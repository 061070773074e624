import {
  Kind,
  parse,
  print,
  visit,
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from "graphql";
import type { OperationRequest } from "../../dialects/message.ts";

/** The name of a field's auxiliary field, whose value is sent unchanged. */
export function rawName(field: string): string {
  return `_${field}`;
}

/**
 * Rewrites a request so that it selects a field's raw value: `created: car { make }` becomes
 * `created: _car(requested: ["make"])`. Undefined for a request that selects none of the fields.
 */
export function rawRequest(
  request: OperationRequest,
  isGroupField: (name: string) => boolean,
): OperationRequest | undefined {
  const document = parse(request.query);
  const operation = operationOf(document, request.operationName);
  const [field] = operation?.selectionSet.selections ?? [];
  if (!operation || field?.kind !== Kind.FIELD || !isGroupField(field.name.value)) return undefined;
  const raw = rawField(field, document);
  const selectionSet: SelectionSetNode = { kind: Kind.SELECTION_SET, selections: [raw] };
  const used = variablesIn(raw);
  const variableDefinitions = operation.variableDefinitions?.filter(({ variable }) => used.has(variable.name.value));
  const definition: OperationDefinitionNode = {
    ...operation,
    variableDefinitions: variableDefinitions ?? [],
    selectionSet,
  };
  return { ...request, query: print(definition) };
}

function operationOf(document: DocumentNode, name: string | undefined): OperationDefinitionNode | undefined {
  const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  return name === undefined ? operations[0] : operations.find((operation) => operation.name?.value === name);
}

function rawField({ selectionSet, ...field }: FieldNode, document: DocumentNode): FieldNode {
  const { alias = field.name, arguments: given = [], name } = field;
  const values = [...selectedIn(selectionSet, document)].map((value) => ({ kind: Kind.STRING, value }) as const);
  const requested: ArgumentNode = {
    kind: Kind.ARGUMENT,
    name: { kind: Kind.NAME, value: "requested" },
    value: { kind: Kind.LIST, values },
  };
  return { ...field, alias, name: { ...name, value: rawName(name.value) }, arguments: [...given, requested] };
}

function variablesIn(field: FieldNode): ReadonlySet<string> {
  const names = new Set<string>();
  visit(field, { Variable: ({ name }) => void names.add(name.value) });
  return names;
}

/** The names of the fields at the first level, including those in fragments. */
function selectedIn(selectionSet: SelectionSetNode | undefined, document: DocumentNode): ReadonlySet<string> {
  const names = new Set<string>();
  for (const selection of selectionSet?.selections ?? []) {
    if (selection.kind === Kind.FIELD) names.add(selection.name.value);
    else for (const name of selectedIn(fragmentOf(selection, document), document)) names.add(name);
  }
  return names;
}

function fragmentOf(
  selection: Exclude<SelectionSetNode["selections"][number], FieldNode>,
  document: DocumentNode,
): SelectionSetNode | undefined {
  if (selection.kind === Kind.INLINE_FRAGMENT) return selection.selectionSet;
  const named = document.definitions.find(
    (definition) => definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === selection.name.value,
  );
  return named?.kind === Kind.FRAGMENT_DEFINITION ? named.selectionSet : undefined;
}
