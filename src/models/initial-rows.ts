import type { Clock } from "../base/clock.ts";
import { FanfareError } from "../base/error.ts";
import type { CapturedRow } from "../contract/captured.ts";
import type { TableReader, TableSnapshot } from "../contract/source.ts";
import type { Snapshot } from "../declare/declaration.ts";
import type { ModelEvent } from "./change/change-decoder.ts";
import { refusal } from "./where/condition-reader.ts";
import type { Criteria } from "./where/criteria.ts";
import type { RowKey } from "./table/row-key.ts";
import type { Table } from "./table/table.ts";

export interface InitialRowsOptions {
  readonly model: string;
  readonly table: Table;
  readonly key: RowKey;
  readonly source: TableReader | undefined;
  readonly limit: number;
  readonly clock: Clock;
}

/** Reads the snapshot for an operation with `initial: true`. */
export class InitialRows {
  readonly #options: InitialRowsOptions;

  constructor(options: InitialRowsOptions) {
    this.#options = options;
  }

  /** @throws GraphQLError INITIAL_UNAVAILABLE if the model has no source to read rows from. */
  assertAvailable(): TableReader {
    const { model, source } = this.#options;
    if (source) return source;
    throw refusal(`initial needs the option \`source\` of the model ${model}`, "INITIAL_UNAVAILABLE");
  }

  /**
   * Reads the rows that may meet the criteria.
   *
   * @throws GraphQLError TOO_MANY_ROWS above the limit; BAD_USER_INPUT for a value that no row can have;
   * SOURCE_UNAVAILABLE when the database cannot be reached.
   */
  async read(criteria: Criteria): Promise<Snapshot<ModelEvent>> {
    const snapshot = await this.#snapshot(criteria.equal);
    const at = this.#options.clock.now();
    return {
      events: snapshot.rows.map((row) => ({ action: "SNAPSHOT", row, at })),
      includes: (event) => event.action !== "SNAPSHOT" && snapshot.includes(event.transaction),
    };
  }

  async #snapshot(equal: CapturedRow): Promise<TableSnapshot> {
    const { key, limit, model, table } = this.#options;
    const columns = key.columns.map(({ name }) => name);
    const source = this.assertAvailable();
    try {
      return await source.snapshot({ table: table.name, key: columns, equal, limit });
    } catch (error) {
      if (!(error instanceof FanfareError)) throw error;
      if (error.code === "OVERFLOW") {
        throw refusal(`There are more than ${limit} rows of ${model} to begin with; narrow \`where\``, "TOO_MANY_ROWS");
      }
      if (error.code === "BAD_VALUE") {
        const why = error.cause instanceof Error ? `: ${error.cause.message}` : "";
        throw refusal(`A value in \`id\` or \`where\` is none that a row of ${model} can have${why}`);
      }
      if (error.code === "SOURCE_UNAVAILABLE") {
        throw refusal(`The rows of ${model} cannot be read now; subscribe again`, "SOURCE_UNAVAILABLE");
      }
      throw error;
    }
  }
}
