import type { RowChange } from "./change/row-change.ts";
import type { Field } from "./field.ts";
import type { Row } from "./table/table.ts";
import type { Criteria } from "./where/criteria.ts";

/** Whether the viewer of a context may see a row. Never throws. */
export type Visible = (row: Row, context: unknown) => boolean;

/** Which rows and fields of a model a viewer may see. */
export class Visibility {
  readonly #fields: ReadonlyMap<string, Field>;
  readonly #visible: Visible | undefined;

  constructor(fields: ReadonlyMap<string, Field>, visible: Visible | undefined) {
    this.#fields = fields;
    this.#visible = visible;
  }

  /** Whether all viewers see all rows and fields, so that results can be shared. */
  get isCommon(): boolean {
    return this.#visible === undefined && [...this.#fields.values()].every(({ permitted }) => !permitted);
  }

  /** A field that `where` compares and the viewer may not see: its values would leak by what is delivered. */
  hiddenIn(criteria: Criteria, context: unknown): string | undefined {
    return criteria.asksAbout.find((name) => !this.#permits(name, context));
  }

  /** A change as the viewer sees it, within the criteria; undefined if nothing is to be delivered. */
  view(change: RowChange, criteria: Criteria, context: unknown): RowChange | undefined {
    if (!criteria.isAbout(change) || this.hiddenIn(criteria, context) !== undefined) return undefined;
    return this.#view(change, context, (row) => criteria.concerns(row));
  }

  /** Like {@link view} without criteria; `plain` leaves out hidden fields. */
  whole(change: RowChange, context: unknown): RowChange | undefined {
    const permitted = [...this.#fields.values()].filter(({ name }) => this.#permits(name, context));
    return this.#view(change, context, () => true)?.with({}, permitted);
  }

  #view(change: RowChange, context: unknown, concerns: (row: Row) => boolean): RowChange | undefined {
    return viewOf(change, {
      sees: (row) => concerns(row) && (!this.#visible || this.#visible(row, context)),
      permits: (name) => this.#permits(name, context),
    });
  }

  #permits(name: string, context: unknown): boolean {
    const permitted = this.#fields.get(name)?.permitted;
    return !permitted || permitted(context);
  }
}

/** The visibility for one viewer. */
interface Access {
  sees(row: Row): boolean;
  /** Whether the viewer may see a field. */
  permits(field: string): boolean;
}

/**
 * A change as a viewer sees it: an update by which a row becomes visible is CREATED, an update by which it becomes
 * invisible is DELETED, with the row as the viewer last saw it. Undefined if nothing is to be delivered.
 */
function viewOf(change: RowChange, access: Access): RowChange | undefined {
  const was = change.before !== null && access.sees(change.before);
  const is = change.after !== null && access.sees(change.after);
  if (was && is) return withChanged(change, access);
  if (!was && !is) return undefined;
  if (change.action !== "UPDATED") return change;
  const moved = { moved: true, changed: [] };
  return change.with(is ? { action: "CREATED", before: null, ...moved } : { action: "DELETED", after: null, ...moved });
}

function withChanged(change: RowChange, access: Access): RowChange | undefined {
  const changed = change.changed.filter((field) => access.permits(field));
  if (changed.length === 0) return undefined;
  return changed.length === change.changed.length ? change : change.with({ changed });
}
