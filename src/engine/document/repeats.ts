import { Kind, type FieldNode, type OperationDefinitionNode, type SelectionSetNode } from "graphql";
import type { Fragments } from "../selection/fragments.ts";
import { responseKey } from "../selection/selection.ts";

// Fields that are looked at in one document. Nested spreads could otherwise ask for 2^n of them.
const patience = 20_000;

interface Place {
  readonly counts: Map<string, number>;
  readonly below: Map<string, SelectionSetNode[]>;
  readonly visited: Set<string>;
}

/**
 * Counts how often one response name stands in one place of the answer. The validator compares each such field with
 * each other one ("Fields In Set Can Merge", spec 5.3.2), argument by argument, and does so again inside every inline
 * fragment: a thousand times the same short field costs graphql-js 16 a seventh of a second. A field therefore counts
 * once, once more for each argument, and once more for each inline fragment around it after the first.
 */
export class RepeatCounter {
  readonly #fragments: Fragments;
  readonly #maximum: number;
  #patience = patience;

  /** @param maximum counting stops as soon as it is exceeded; Infinity counts nothing. */
  constructor(fragments: Fragments, maximum: number) {
    this.#fragments = fragments;
    this.#maximum = maximum;
  }

  /**
   * The highest count, or the first one over the maximum; Infinity when patience ran out.
   * @param depth how deep the operation is: fragments that contain themselves would lead further.
   */
  count(operation: OperationDefinitionNode, depth: number): number {
    return this.#maximum === Infinity ? 0 : this.#place([operation.selectionSet], depth);
  }

  #place(selectionSets: readonly SelectionSetNode[], depth: number): number {
    if (depth === 0) return 0;
    const place: Place = { counts: new Map(), below: new Map(), visited: new Set() };
    for (const selectionSet of selectionSets) this.#collect(selectionSet, place, 0);
    if (this.#patience < 0) return Infinity;
    let highest = 0;
    for (const count of place.counts.values()) highest = Math.max(highest, count);
    for (const below of place.below.values()) {
      if (highest > this.#maximum) return highest;
      highest = Math.max(highest, this.#place(below, depth - 1));
    }
    return highest;
  }

  #collect(selectionSet: SelectionSetNode, place: Place, inlineFragments: number): void {
    for (const selection of selectionSet.selections) {
      if (this.#patience-- < 0) return;
      if (selection.kind === Kind.FIELD) this.#field(selection, place, inlineFragments);
      else if (selection.kind === Kind.INLINE_FRAGMENT)
        this.#collect(selection.selectionSet, place, inlineFragments + 1);
      else if (!place.visited.has(selection.name.value)) {
        place.visited.add(selection.name.value);
        const fragment = this.#fragments.get(selection.name.value);
        if (fragment) this.#collect(fragment.selectionSet, place, 0);
      }
    }
  }

  #field(field: FieldNode, place: Place, inlineFragments: number): void {
    const key = responseKey(field);
    const weight = Math.max(1, inlineFragments) + (field.arguments?.length ?? 0);
    place.counts.set(key, (place.counts.get(key) ?? 0) + weight);
    if (!field.selectionSet) return;
    const below = place.below.get(key);
    if (below) below.push(field.selectionSet);
    else place.below.set(key, [field.selectionSet]);
  }
}
