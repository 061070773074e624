import type { ChangeAction, ModelChange, PlainChange, PlainRow } from "./change.ts";
import type { Field } from "../field.ts";
import type { Row } from "../table/table.ts";

type Values = Omit<ModelChange<Row>, "plain">;

/** A decoded change, as it was captured or as a viewer sees it. */
export class RowChange implements ModelChange<Row> {
  readonly action: ChangeAction;
  readonly id: string;
  readonly before: Row | null;
  readonly after: Row | null;
  readonly changed: readonly string[];
  readonly moved: boolean;
  readonly at: Date;
  readonly #fields: readonly Field[];

  constructor(fields: readonly Field[], { action, id, before, after, changed, moved, at }: Values) {
    this.#fields = fields;
    this.action = action;
    this.id = id;
    this.before = before;
    this.after = after;
    this.changed = changed;
    this.moved = moved;
    this.at = at;
  }

  /** A copy with other values, or with other fields for `plain`. */
  with(values: Partial<Values>, fields: readonly Field[] = this.#fields): RowChange {
    return new RowChange(fields, { ...this.#values, ...values });
  }

  plain(names: "fields" | "columns" = "fields", only?: readonly string[]): PlainChange {
    const { before, after, at } = this;
    const fields = only ? this.#fields.filter(({ name }) => only.includes(name)) : this.#fields;
    const changed = fields.filter(({ name }) => this.changed.includes(name));
    return {
      ...this.#values,
      before: before && plainRow(before, fields, names),
      after: after && plainRow(after, fields, names),
      changed: changed.map((field) => nameOf(field, names)),
      at: at.toISOString(),
    };
  }

  get #values(): Values {
    const { action, id, before, after, changed, moved, at } = this;
    return { action, id, before, after, changed, moved, at };
  }
}

function plainRow(row: Row, fields: readonly Field[], names: "fields" | "columns"): PlainRow {
  return Object.fromEntries(
    fields.map((field) => {
      const value = field.valueIn(row);
      return [nameOf(field, names), value === null ? null : field.kind.plain(value)];
    }),
  );
}

function nameOf({ name, column }: Field, names: "fields" | "columns"): string {
  return names === "columns" ? (column ?? name) : name;
}
