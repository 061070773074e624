import { FanfareError } from "../../base/error.ts";
import type { CapturedRow } from "../../contract/captured.ts";
import type { Comparison } from "../value/kind.ts";
import type { Column, Row } from "./table.ts";

/** A column of a primary key, with the encoder of its values. */
interface Part {
  readonly property: string;
  readonly name: string;
  readonly comparison: Comparison;
  readonly encode: (value: unknown) => string;
}

const reserved = /[%:]/;

/**
 * A table's primary key, and its encoding as one text: the `id` that clients see. The key of one column is its value's
 * text; those of several columns are joined by colons, with `%` and `:` in a value percent-encoded as `%25` and `%3A`.
 */
export class RowKey {
  readonly columns: readonly Column[];
  readonly #parts: readonly Part[];

  /** @param columns whose kinds have `identifies`. */
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

  /** Encodes a row's key. @throws FanfareError BAD_DECLARATION for a row without its key. */
  textOf(row: Row): string {
    const texts = this.#parts.map(({ property, encode }) => {
      const value = row[property];
      if (value == null)
        throw new FanfareError("BAD_DECLARATION", `A row has no ${property}, which is part of its key`);
      return encode(value);
    });
    return this.isComposite ? texts.map(quoted).join(":") : texts.join("");
  }

  /** A key's values by column, in the form of captured rows. */
  captured(values: Row): CapturedRow {
    return Object.fromEntries(this.#parts.map(({ property, name, encode }) => [name, encode(values[property])]));
  }

  /** Decodes a key into values by property; undefined for a text that cannot be a row's key. */
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
