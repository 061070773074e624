import type { RowChange } from "./row-change.ts";
import type { Row } from "./table.ts";

/** What somebody may see. */
export interface Viewer {
  sees(row: Row): boolean;
  /** Whether a field may be seen. */
  permits(field: string): boolean;
}

/**
 * A change as somebody sees it who does not see every row: one that comes into sight is created for them, one that goes
 * out of it is deleted, with the row as they saw it last. Undefined: nothing is to be told.
 */
export function viewOf(change: RowChange, viewer: Viewer): RowChange | undefined {
  const was = change.before !== null && viewer.sees(change.before);
  const is = change.after !== null && viewer.sees(change.after);
  if (was && is) return withChanged(change, viewer);
  if (!was && !is) return undefined;
  if (change.action !== "UPDATED") return change;
  const moved = { moved: true, changed: [] };
  return change.with(is ? { action: "CREATED", before: null, ...moved } : { action: "DELETED", after: null, ...moved });
}

function withChanged(change: RowChange, viewer: Viewer): RowChange | undefined {
  const changed = change.changed.filter((field) => viewer.permits(field));
  if (changed.length === 0) return undefined;
  return changed.length === change.changed.length ? change : change.with({ changed });
}
