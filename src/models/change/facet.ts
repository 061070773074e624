import type { ChangeDecoder, ModelEvent } from "./change-decoder.ts";

/** What conditions are looked up in: a row's own properties, and these two, which no field can be called. */
export type Facet = Readonly<Record<string, unknown>>;

export const keyFacet = "#key";
export const actionFacet = "#action";

/** A change as the index looks at it: its row before and its row since. What concerns everybody has no row to look at. */
export function facetsOf(changes: ChangeDecoder, event: ModelEvent): readonly Facet[] | "all" {
  try {
    const change = changes.change(event);
    if (!change) return "all";
    const { id, action, before, after } = change;
    const own = { [keyFacet]: { value: id }, [actionFacet]: { value: action } };
    // The rows are large and their values are read by name, so they are not copied.
    return [before, after].flatMap((row): readonly Facet[] => (row ? [Object.create(row, own)] : []));
  } catch {
    // Everybody is told then that it cannot be decoded.
    return "all";
  }
}
