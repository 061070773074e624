import { Kind, type FragmentDefinitionNode, type OperationDefinitionNode, type SelectionSetNode } from "graphql";
import type { Fragments } from "../selection/fragments.ts";

/** What an operation amounts to once its fragments are written out at each spread. */
export interface DocumentSize {
  /** Fields inside fields; a root field has depth 1. Fragments add nothing of their own. */
  readonly depth: number;
  readonly aliases: number;
  readonly directives: number;
  /** One for each field. */
  readonly cost: number;
}

const nothing: DocumentSize = { depth: 0, aliases: 0, directives: 0, cost: 0 };

/**
 * Measures operations of one document in time linear to its length: each fragment is measured once, so fragments that
 * spread each other twice cannot explode. It runs before validation, hence a fragment that contains itself counts as
 * nothing where it meets itself; validation refuses it afterwards.
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
