import {
  Kind,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  type InlineFragmentNode,
  type SelectionNode,
  type SelectionSetNode,
} from "graphql";
import type { Fragments } from "./fragments.ts";
import { appliesTo, isIncluded, responseKey, type VariableValues } from "./selection.ts";

/** The schema, fragments and variables against which selections are read. */
export interface SelectionScope {
  readonly schema: GraphQLSchema;
  readonly fragments: Fragments;
  readonly values: VariableValues;
}

/** Fields by response name, in the order of the result. Fields with one response name are merged. */
export type CollectedFields = ReadonlyMap<string, readonly [FieldNode, ...FieldNode[]]>;

/**
 * CollectFields and MergeSelectionSets (spec 6.3.2, 6.4.3) on an object type. Undefined for incremental delivery
 * (`@defer`, `@stream`) and fragments with arguments, which are not supported here.
 *
 * @throws a GraphQLError if the condition of `@skip` or `@include` has no value.
 */
export function collectFields(
  scope: SelectionScope,
  type: GraphQLObjectType,
  selectionSets: readonly SelectionSetNode[],
): CollectedFields | undefined {
  const collection = new Collection(scope, type);
  return selectionSets.every((selectionSet) => collection.add(selectionSet)) ? collection.fields : undefined;
}

class Collection {
  readonly fields = new Map<string, [FieldNode, ...FieldNode[]]>();
  readonly #visited = new Set<string>();
  readonly #scope: SelectionScope;
  readonly #type: GraphQLObjectType;

  constructor(scope: SelectionScope, type: GraphQLObjectType) {
    this.#scope = scope;
    this.#type = type;
  }

  add(selectionSet: SelectionSetNode): boolean {
    return selectionSet.selections.every((selection) => {
      if (isIncremental(selection)) return false;
      return !isIncluded(selection, this.#scope.values) || this.#addSelection(selection);
    });
  }

  #addSelection(selection: SelectionNode): boolean {
    if (selection.kind === Kind.FIELD) return this.#addField(selection);
    if (selection.kind === Kind.INLINE_FRAGMENT) return this.#addFragment(selection);
    const name = selection.name.value;
    if (this.#visited.has(name)) return true;
    this.#visited.add(name);
    const fragment = this.#scope.fragments.get(name);
    return fragment !== undefined && !fragment.variableDefinitions?.length && this.#addFragment(fragment);
  }

  #addField(field: FieldNode): true {
    const key = responseKey(field);
    const merged = this.fields.get(key);
    if (merged) merged.push(field);
    else this.fields.set(key, [field]);
    return true;
  }

  #addFragment(fragment: InlineFragmentNode | FragmentDefinitionNode): boolean {
    return !appliesTo(this.#scope.schema, fragment.typeCondition, this.#type) || this.add(fragment.selectionSet);
  }
}

function isIncremental({ directives }: SelectionNode): boolean {
  return directives?.some(({ name }) => name.value === "defer" || name.value === "stream") ?? false;
}
