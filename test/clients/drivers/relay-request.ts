import {
  Kind,
  type OperationTypeNode,
  parse,
  print,
  valueFromASTUntyped,
  type ArgumentNode,
  type FieldNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from "graphql";
import type { ConcreteRequest } from "relay-runtime";

interface ScalarField {
  readonly kind: "ScalarField";
  readonly name: string;
  readonly args: readonly Literal[];
}

interface LinkedField {
  readonly kind: "LinkedField";
  readonly name: string;
  readonly args: readonly Literal[];
  readonly concreteType: string;
  readonly plural: false;
  readonly selections: readonly Field[];
}

interface Literal {
  readonly kind: "Literal";
  readonly name: string;
  readonly value: unknown;
}

/** What is written and what is read have one form. */
type Field = ScalarField | LinkedField;

const rootTypes: Readonly<Record<OperationTypeNode, string>> = {
  query: "Query",
  mutation: "Mutation",
  subscription: "Subscription",
};

/** What Relay's compiler makes of one operation with literal arguments, or as much of it as its runtime needs. */
export function relayRequest(text: string): ConcreteRequest {
  const operation = operationIn(text);
  const name = "Conversation";
  const selections = fieldsOf(operation.selectionSet);
  return {
    kind: "Request",
    fragment: { kind: "Fragment", name, type: rootTypes[operation.operation], argumentDefinitions: [], selections },
    operation: { kind: "Operation", name, argumentDefinitions: [], selections },
    params: {
      id: null,
      cacheID: text,
      name,
      operationKind: operation.operation,
      metadata: {},
      // Operations of Relay have names.
      text: print({ ...operation, name: { kind: Kind.NAME, value: name } }),
    },
  };
}

function operationIn(text: string): OperationDefinitionNode {
  const [operation] = parse(text).definitions;
  if (operation?.kind === Kind.OPERATION_DEFINITION) return operation;
  throw new TypeError(`Not an operation: ${text}`);
}

function fieldsOf({ selections }: SelectionSetNode): readonly Field[] {
  return selections.map((selection) => {
    if (selection.kind === Kind.FIELD) return fieldOf(selection);
    throw new TypeError(`Not a field: ${print(selection)}`);
  });
}

function fieldOf({ arguments: args = [], name: { value: name }, selectionSet }: FieldNode): Field {
  const literals = args.map(literalOf);
  if (!selectionSet) return { kind: "ScalarField", name, args: literals };
  const selections = fieldsOf(selectionSet);
  // The compiler would look the type up in the schema. Any name will do, as no record here is asked for its type.
  return { kind: "LinkedField", name, args: literals, concreteType: "Record", plural: false, selections };
}

function literalOf({ name, value }: ArgumentNode): Literal {
  return { kind: "Literal", name: name.value, value: valueFromASTUntyped(value) };
}
