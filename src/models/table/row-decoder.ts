import { FanfareError } from "../../base/error.ts";
import type { CapturedRow } from "../../contract/captured.ts";
import type { Log } from "../../contract/log.ts";
import type { Column, Row, Table } from "./table.ts";

/** Decodes captured rows into values. */
export class RowDecoder {
  readonly #table: Table;
  readonly #log: Log;
  readonly #missed = new Set<string>();

  constructor(table: Table, log: Log) {
    this.#table = table;
    this.#log = log;
  }

  /**
   * Decodes a row. A property whose text cannot be decoded throws BAD_DECLARATION when it is read, so that only results
   * that select it fail. A property whose column is missing, for example dropped since, is null.
   */
  row(captured: CapturedRow): Row {
    const row: Record<string, unknown> = {};
    for (const column of this.#table.columns.values()) {
      const text = this.#textOf(captured, column);
      const value = text === null ? null : column.kind?.decode(text);
      if (value !== undefined) row[column.property] = value;
      else this.#refuse(row, column, text);
    }
    return row;
  }

  #textOf(captured: CapturedRow, { name }: Column): string | null {
    const text = Object.hasOwn(captured, name) ? captured[name] : undefined;
    if (text === undefined && !this.#missed.has(name)) {
      this.#missed.add(name);
      this.#log.warn("A column is not there; its values are null", { table: this.#called, column: name });
    }
    return text ?? null;
  }

  #refuse(row: Row, { property, name, type, kind }: Column, text: string | null): void {
    const column = `${this.#called}.${name}`;
    const shown = JSON.stringify(text?.slice(0, 100) ?? null);
    const message = kind
      ? `The column ${column} holds ${shown}, which is not ${kind.one}`
      : `The column ${column} is of the type ${type}, which cannot be decoded`;
    const get = (): never => {
      throw new FanfareError("BAD_DECLARATION", message);
    };
    Object.defineProperty(row, property, { enumerable: true, get });
  }

  get #called(): string {
    const { schema, name } = this.#table.name;
    return schema === "public" ? name : `${schema}.${name}`;
  }
}
