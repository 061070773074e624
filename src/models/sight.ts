import type { Field } from "./field.ts";
import type { Question } from "./question.ts";
import type { RowChange } from "./row-change.ts";
import type { Row } from "./table.ts";
import { viewOf } from "./view.ts";

/** Whether somebody may see a row. Never throws. */
export type Visible = (row: Row, context: unknown) => boolean;

/** What a model hides from whom. */
export class Sight {
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
  hiddenIn(question: Question, context: unknown): string | undefined {
    return question.asksAbout.find((name) => !this.#permits(name, context));
  }

  /** Undefined: there is nothing to tell. */
  view(change: RowChange, question: Question, context: unknown): RowChange | undefined {
    if (!question.isAbout(change) || this.hiddenIn(question, context) !== undefined) return undefined;
    return this.#view(change, context, (row) => question.concerns(row));
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
