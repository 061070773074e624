import { Kind, type FieldNode, type OperationDefinitionNode, type SelectionSetNode } from "graphql";
import type { Fragments } from "../selection/fragments.ts";
import { responseKey } from "../selection/selection.ts";

// Selections that are visited in one document: nested spreads expand exponentially.
const maxVisited = 20_000;

/** A place of the result: the selections that are merged there. */
interface Place {
  readonly counts: Map<string, number>;
  readonly below: Map<string, SelectionSetNode[]>;
  readonly visited: Set<string>;
}

/**
 * Counts the selections of one response name in one place of the result. Validation compares all pairs of them ("Fields
 * In Set Can Merge", spec 5.3.2), argument by argument, and again for each inline fragment. That is quadratic: a
 * thousand selections of one short field cost graphql-js 16 a seventh of a second. A selection therefore counts 1, plus
 * 1 per argument, plus 1 per inline fragment around it after the first.
 */
export class RepeatCounter {
  readonly #fragments: Fragments;
  readonly #maximum: number;
  #budget = maxVisited;

  /** @param maximum counting stops when it is exceeded. Infinity: nothing is counted. */
  constructor(fragments: Fragments, maximum: number) {
    this.#fragments = fragments;
    this.#maximum = maximum;
  }

  /**
   * The highest count, or the first one over the maximum. Infinity when the budget of visited selections is used up.
   *
   * @param depth of the operation. It ends the recursion where an invalid document has fragment cycles.
   */
  count(operation: OperationDefinitionNode, depth: number): number {
    return this.#maximum === Infinity ? 0 : this.#place([operation.selectionSet], depth);
  }

  #place(selectionSets: readonly SelectionSetNode[], depth: number): number {
    if (depth === 0) return 0;
    const place: Place = { counts: new Map(), below: new Map(), visited: new Set() };
    for (const selectionSet of selectionSets) this.#collect(selectionSet, place, 0);
    if (this.#budget < 0) return Infinity;
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
      if (this.#budget-- < 0) return;
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
