import type { CapturedRow, TableName } from "../../contract/captured.ts";
import { inPooledTransaction, textRows } from "../../postgres/database.ts";
import { unchanged, type RawRow, type RawValue, type RelationMessage } from "./message.ts";
import type { PostgresPool } from "./pool.ts";
import { valueForms, type ValueForm } from "./value-form.ts";

interface Column {
  readonly name: string;
  readonly form: ValueForm;
  readonly isKey: boolean;
}

const primaryKey = `
select a.attname::text as name from pg_catalog.pg_index i
join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
where i.indrelid = $1::text::oid and i.indisprimary`;

/** A table as the log described it last. It converts printed rows into captured ones. */
export class Relation {
  readonly table: TableName;
  readonly #columns: readonly Column[];

  private constructor(table: TableName, columns: readonly Column[]) {
    this.table = table;
    this.#columns = columns;
  }

  /**
   * Looks up the types and the primary key in the present catalog. The log does not tell the primary key: with
   * `replica identity full`, each column is part of the identity.
   */
  static async open(message: RelationMessage, pool: PostgresPool): Promise<Relation> {
    const { id, schema, name, columns } = message;
    const types = columns.map(({ type }) => type);
    const [forms, keys] = await inPooledTransaction(pool, "set transaction read only", async (connection) => [
      await valueForms(connection, types),
      await textRows(connection, primaryKey, [String(id)]),
    ]);
    const keyNames = new Set(keys.map((row) => row["name"]));
    const known = columns.flatMap((column, index): readonly Column[] => {
      const form = forms[index];
      return form ? [{ name: column.name, form, isKey: keyNames.has(column.name) }] : [];
    });
    return new Relation({ schema, name }, known);
  }

  /** @param before the old row, with the TOASTed values that an update did not change and the log does not repeat. */
  row(raw: RawRow, before?: RawRow): CapturedRow {
    return Object.fromEntries(
      this.#columns.map(({ name, form }, index): [string, string | null] => {
        const value = valueAt(raw, before, index);
        return [name, value === null ? null : form.text(value)];
      }),
    );
  }

  isSame(before: RawRow, after: RawRow): boolean {
    return this.#columns.every((_, index) => valueAt(after, before, index) === valueAt(before, undefined, index));
  }

  hasSameKey(before: RawRow, after: RawRow): boolean {
    return this.#columns.every(
      ({ isKey }, index) => !isKey || valueAt(after, before, index) === valueAt(before, undefined, index),
    );
  }
}

function valueAt(row: RawRow, before: RawRow | undefined, index: number): string | null {
  const value: RawValue = row[index] ?? null;
  if (value !== unchanged) return value;
  const old = before?.[index] ?? null;
  return old === unchanged ? null : old;
}
