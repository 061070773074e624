import { FanfareError } from "../../base/error.ts";
import type { Connection } from "../../postgres/connection.ts";
import { textOf } from "../../postgres/database.ts";
import { identifier } from "../../postgres/quote.ts";
import { leaseGuard, type Lease } from "./lease.ts";

/** The end of one page: how far the window is published, or that all of it is. */
export interface PageEnd {
  /** The rows that were published, by their `seq`. */
  readonly rows: readonly string[];
  /** True for the last page of a window. */
  readonly last: boolean;
}

/**
 * How far the outbox is published, as the database has it. A window is what became visible between two snapshots. The
 * later one is stored before the first of its rows is published, so that a process which takes over publishes the same
 * rows, under the same ids.
 */
export class Progress {
  readonly #connection: Connection;
  readonly #lease: Lease;
  readonly #schema: string;
  /** Everything that this snapshot shows is published. */
  previous: string;
  /** The snapshot of the window that is being published; undefined between two windows. */
  next: string | undefined;
  epoch: string;
  number: bigint;
  /** The last published `seq` of the window. */
  page: string;

  private constructor(
    connection: Connection,
    lease: Lease,
    schema: string,
    row: Readonly<Record<string, string | null>>,
  ) {
    this.#connection = connection;
    this.#lease = lease;
    this.#schema = schema;
    this.previous = textOf(row, "previous");
    this.next = row["next"] ?? undefined;
    this.epoch = textOf(row, "epoch");
    this.number = BigInt(textOf(row, "number"));
    this.page = textOf(row, "page");
  }

  /**
   * Reads it.
   *
   * @throws FanfareError SOURCE_LOST when the database is another one than it was, or an earlier state of the same: its
   * transactions' ids begin anew, and so does the epoch.
   */
  static async read(connection: Connection, lease: Lease, schema: string): Promise<Progress> {
    const own = identifier(schema);
    const [row] = await connection.query(
      "read how far the outbox is published",
      `select epoch, number::text, previous::text, next::text, page::text,
         (identity = ${own}.outbox_identity()
          and pg_snapshot_xmax(previous) <= pg_snapshot_xmax(pg_current_snapshot()))::text as same
       from ${own}.outbox_progress`,
    );
    if (!row) throw new FanfareError("SOURCE_NOT_READY", `postgres-outbox: ${own}.outbox_progress is empty`);
    const progress = new Progress(connection, lease, schema, row);
    if (row["same"] !== "true") await progress.#begin();
    return progress;
  }

  async openWindow(snapshot: string): Promise<void> {
    await this.#write("open a window", "next = $2::text::pg_snapshot, page = 0", [snapshot]);
    this.next = snapshot;
    this.page = "0";
  }

  async closePage({ rows, last }: PageEnd): Promise<void> {
    const numbers = rows.join(",");
    const gone = `delete from ${identifier(this.#schema)}.outbox using led
      where seq = any (string_to_array($2, ',')::bigint[])`;
    if (last) {
      await this.#write(
        "close a window",
        "previous = coalesce(next, previous), next = null, number = number + 1, page = 0",
        [numbers],
        gone,
      );
      this.previous = this.next ?? this.previous;
      this.next = undefined;
      this.number += 1n;
      this.page = "0";
    } else {
      const page = rows.at(-1) ?? this.page;
      await this.#write("confirm a page", "page = $3::text::bigint", [numbers, page], gone);
      this.page = page;
    }
  }

  /** Nothing was published that an earlier snapshot does not show: the next search may begin at this one. */
  async skipTo(snapshot: string): Promise<void> {
    await this.#write("skip what is published", "previous = $2::text::pg_snapshot", [snapshot]);
    this.previous = snapshot;
  }

  /**
   * Writes for as long as this process leads. The first parameter is the lease's token.
   *
   * @param also another statement of the same transaction, which joins `led`.
   */
  async #write(doing: string, changes: string, values: readonly string[], also?: string): Promise<void> {
    const [row] = await this.#connection.query(
      doing,
      `with ${leaseGuard(this.#schema)}${also === undefined ? "" : `, also as (${also})`}
       update ${identifier(this.#schema)}.outbox_progress set ${changes} from led returning true::text as led`,
      [String(this.#lease.token), ...values],
    );
    if (!row) throw this.#lease.lose();
  }

  /**
   * A new epoch. Its window 0 has no rows: it tells that the tables may have changed in any way. What waits in the outbox
   * gets an id of this database.
   */
  async #begin(): Promise<never> {
    const own = identifier(this.#schema);
    await this.#write(
      "begin a new epoch",
      `epoch = left(replace(gen_random_uuid()::text, '-', ''), 12), identity = ${own}.outbox_identity(), number = 0,
       previous = pg_current_snapshot(), next = null, page = 0`,
      [],
      `update ${own}.outbox set xid = pg_current_xact_id() from led`,
    );
    throw new FanfareError(
      "SOURCE_LOST",
      "postgres-outbox: the database was restored, or another server took it over; what it had announced since is unknown",
    );
  }
}
