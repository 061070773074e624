import type { CapturedChange, CapturedRow } from "../../contract/captured.ts";
import type { Log } from "../../contract/log.ts";
import type { ChangePayload } from "../../relay/change-payload.ts";
import type { Field } from "../field.ts";
import { RowChange } from "./row-change.ts";
import { RowDecoder } from "../table/row-decoder.ts";
import type { RowKey } from "../table/row-key.ts";
import type { Row, Table } from "../table/table.ts";

/** A row of the snapshot that an operation with `initial: true` gets first. */
export interface SnapshotRow {
  readonly action: "SNAPSHOT";
  readonly row: CapturedRow;
  readonly at: number;
}

/** The events of a model's subscription fields: captured changes, and rows of a snapshot. */
export type ModelEvent = ChangePayload | SnapshotRow;

type Captured = Pick<CapturedChange, "action" | "before" | "after" | "moved" | "at">;

/** Decodes events into changes. Each event is decoded once for all cohorts. */
export class ChangeDecoder {
  readonly #key: RowKey;
  readonly #fields: readonly Field[];
  readonly #rows: RowDecoder;
  readonly #known = new WeakMap<object, RowChange>();

  constructor(table: Table, key: RowKey, fields: readonly Field[], log: Log) {
    this.#key = key;
    this.#fields = fields;
    this.#rows = new RowDecoder(table, log);
  }

  /** The decoded change; undefined for a truncation. @throws FanfareError BAD_DECLARATION for a row without its key. */
  change(event: ModelEvent): RowChange | undefined {
    return event.action === "TRUNCATED" ? undefined : this.ofRow(event);
  }

  ofRow(event: Captured | SnapshotRow): RowChange {
    const known = this.#known.get(event);
    if (known) return known;
    const change = event.action === "SNAPSHOT" ? this.#snapshot(event) : this.#captured(event);
    this.#known.set(event, change);
    return change;
  }

  #captured({ action, before, after, moved, at }: Captured): RowChange {
    const [was, is] = [before && this.#rows.row(before), after && this.#rows.row(after)];
    const changed = before && after ? this.#changed(before, after) : [];
    const id = this.#idOf(is ?? was);
    return new RowChange(this.#fields, { action, id, before: was, after: is, changed, moved, at: new Date(at) });
  }

  #snapshot({ row, at }: SnapshotRow): RowChange {
    const after = this.#rows.row(row);
    const rest = { before: null, changed: [], moved: false, at: new Date(at) };
    return new RowChange(this.#fields, { action: "SNAPSHOT", id: this.#idOf(after), after, ...rest });
  }

  #idOf(row: Row | null): string {
    return this.#key.textOf(row ?? {});
  }

  /** The fields whose captured texts differ: equal values have equal texts (see `postgres/settings.ts`). */
  #changed(before: CapturedRow, after: CapturedRow): readonly string[] {
    return this.#fields
      .filter(({ column }) => column !== undefined && (before[column] ?? null) !== (after[column] ?? null))
      .map(({ name }) => name);
  }
}
