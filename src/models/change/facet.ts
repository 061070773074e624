import type { ChangeDecoder, ModelEvent } from "./change-decoder.ts";

/** An object for the server's index: a row's properties, and two whose names cannot be those of fields. */
export type Facet = Readonly<Record<string, unknown>>;

export const keyFacet = "#key";
export const actionFacet = "#action";

/** The facets of an event: the row before and the row after the change. `all` for a truncation, which has no row. */
export function facetsOf(changes: ChangeDecoder, event: ModelEvent): readonly Facet[] | "all" {
  try {
    const change = changes.change(event);
    if (!change) return "all";
    const { id, action, before, after } = change;
    const own = { [keyFacet]: { value: id }, [actionFacet]: { value: action } };
    // Not copied but inherited from: rows are large, and the index reads few of their properties.
    return [before, after].flatMap((row): readonly Facet[] => (row ? [Object.create(row, own)] : []));
  } catch {
    // Each operation gets the event then, and with it the error that it cannot be decoded.
    return "all";
  }
}
