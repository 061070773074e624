import type { RowChange } from "./change/row-change.ts";
import type { Field } from "./field.ts";
import type { Row } from "./table/table.ts";
import type { Criteria } from "./where/criteria.ts";

/** Whether somebody may see a row. Never throws. */
export type Visible = (row: Row, context: unknown) => boolean;

/** What a model hides from whom. */
export class Visibility {
  readonly #fields: ReadonlyMap<string, Field>;
  readonly #visible: Visible | undefined;

  constructor(fields: ReadonlyMap<string, Field>, visible: Visible | undefined) {
    this.#fields = fields;
    this.#visible = visible;
  }

  /** Whether everybody sees the same. */
  get isCommon(): boolean {
    return this.#visible === undefined && [...this.#fields.values()].every(({ permitted }) => !permitted);
  }

  /** A field that `where` asks about and its viewer may not see: the answer would give its values away. */
  hiddenIn(criteria: Criteria, context: unknown): string | undefined {
    return criteria.asksAbout.find((name) => !this.#permits(name, context));
  }

  /** Undefined: there is nothing to tell. */
  view(change: RowChange, criteria: Criteria, context: unknown): RowChange | undefined {
    if (!criteria.isAbout(change) || this.hiddenIn(criteria, context) !== undefined) return undefined;
    return this.#view(change, context, (row) => criteria.concerns(row));
  }

  /** The same for who asks for everything; `plain` leaves out the fields that they may not see. */
  whole(change: RowChange, context: unknown): RowChange | undefined {
    const permitted = [...this.#fields.values()].filter(({ name }) => this.#permits(name, context));
    return this.#view(change, context, () => true)?.with({}, permitted);
  }

  #view(change: RowChange, context: unknown, concerns: (row: Row) => boolean): RowChange | undefined {
    return viewOf(change, {
      sees: (row) => concerns(row) && (this.#visible?.(row, context) ?? true),
      permits: (name) => this.#permits(name, context),
    });
  }

  #permits(name: string, context: unknown): boolean {
    return this.#fields.get(name)?.permitted?.(context) ?? true;
  }
}

/** What one viewer may see. */
interface Access {
  sees(row: Row): boolean;
  /** Whether a field may be seen. */
  permits(field: string): boolean;
}

/**
 * A change as somebody sees it who does not see every row: one that comes into sight is created for them, one that goes
 * out of it is deleted, with the row as they saw it last. Undefined: nothing is to be told.
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
