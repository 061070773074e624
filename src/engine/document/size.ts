import { Kind, type FragmentDefinitionNode, type OperationDefinitionNode, type SelectionSetNode } from "graphql";
import type { Fragments } from "../selection/fragments.ts";

/** The size of an operation, with a fragment counted at each spread. */
export interface DocumentSize {
  /** Levels of nested fields; a root field has depth 1. Fragments add no level. */
  readonly depth: number;
  readonly aliases: number;
  readonly directives: number;
  /** The number of fields. */
  readonly cost: number;
}

const nothing: DocumentSize = { depth: 0, aliases: 0, directives: 0, cost: 0 };

/**
 * Measures the operations of a document in linear time: the size of a fragment is memoised, so that nested spreads do
 * not expand exponentially. It runs before validation, which refuses fragment cycles: a spread that closes a cycle
 * counts as nothing.
 */
export class DocumentMeasure {
  readonly #fragments: Fragments;
  readonly #measured = new Map<string, DocumentSize>();

  constructor(fragments: Fragments) {
    this.#fragments = fragments;
  }

  size(operation: OperationDefinitionNode): DocumentSize {
    return this.#definition(operation);
  }

  #definition(definition: OperationDefinitionNode | FragmentDefinitionNode): DocumentSize {
    const size = this.#selectionSet(definition.selectionSet);
    return { ...size, directives: size.directives + (definition.directives?.length ?? 0) };
  }

  #fragment(name: string): DocumentSize {
    const measured = this.#measured.get(name);
    if (measured) return measured;
    this.#measured.set(name, nothing);
    const fragment = this.#fragments.get(name);
    const size = fragment ? this.#definition(fragment) : nothing;
    this.#measured.set(name, size);
    return size;
  }

  #selectionSet(selectionSet: SelectionSetNode | undefined): DocumentSize {
    if (!selectionSet) return nothing;
    const total = { ...nothing };
    for (const selection of selectionSet.selections) {
      const below =
        selection.kind === Kind.FRAGMENT_SPREAD
          ? this.#fragment(selection.name.value)
          : this.#selectionSet(selection.selectionSet);
      const field = selection.kind === Kind.FIELD ? 1 : 0;
      const alias = selection.kind === Kind.FIELD && selection.alias ? 1 : 0;
      total.depth = Math.max(total.depth, field + below.depth);
      total.aliases += alias + below.aliases;
      total.directives += (selection.directives?.length ?? 0) + below.directives;
      total.cost += field + below.cost;
    }
    return total;
  }
}
