import { FanfareError } from "../../base/error.ts";
import type { CapturedRow } from "../../contract/captured.ts";
import type { Comparison } from "../value/kind.ts";
import type { Column, Row } from "./table.ts";

/** A column of a key, with what makes texts of its values. */
interface Part {
  readonly property: string;
  readonly name: string;
  readonly comparison: Comparison;
  readonly encode: (value: unknown) => string;
}

const reserved = /[%:]/;

/**
 * A row's primary key as one text, the `id` of clients. That of one column is the value's own text; those of several
 * are joined by colons, with `%` and `:` inside of them written as `%25` and `%3A`.
 */
export class RowKey {
  readonly columns: readonly Column[];
  readonly #parts: readonly Part[];

  /** The columns' kinds must be such that identify. */
  constructor(columns: readonly Column[]) {
    this.columns = columns;
    this.#parts = columns.flatMap(({ property, name, kind }) => {
      const comparison = kind?.comparison;
      return comparison?.encode ? [{ property, name, comparison, encode: comparison.encode }] : [];
    });
  }

  get isComposite(): boolean {
    return this.#parts.length > 1;
  }

  /** @throws FanfareError BAD_DECLARATION for a row whose key is not there. */
  textOf(row: Row): string {
    const texts = this.#parts.map(({ property, encode }) => {
      const value = row[property];
      if (value == null)
        throw new FanfareError("BAD_DECLARATION", `A row has no ${property}, which is part of its key`);
      return encode(value);
    });
    return this.isComposite ? texts.map(quoted).join(":") : texts.join("");
  }

  /** The values of a key in the form in which columns are captured. */
  captured(values: Row): CapturedRow {
    return Object.fromEntries(this.#parts.map(({ property, name, encode }) => [name, encode(values[property])]));
  }

  /** The values that a text stands for, by property; undefined for what no row's key can be. */
  valuesOf(text: string): Row | undefined {
    const texts = this.isComposite ? text.split(":").map(unquoted) : [text];
    if (texts.length !== this.#parts.length) return undefined;
    const values: Record<string, unknown> = {};
    for (const [index, { property, comparison }] of this.#parts.entries()) {
      const value = comparison.accept(texts[index]);
      if (value === undefined) return undefined;
      values[property] = value;
    }
    return values;
  }
}

function quoted(text: string): string {
  return reserved.test(text) ? text.replaceAll("%", "%25").replaceAll(":", "%3A") : text;
}

function unquoted(text: string): string {
  return text.replaceAll("%3A", ":").replaceAll("%25", "%");
}
