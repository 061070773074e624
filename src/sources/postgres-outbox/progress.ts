import { FanfareError } from "../../base/error.ts";
import type { Connection } from "../../postgres/connection.ts";
import { textOf } from "../../postgres/database.ts";
import { identifier } from "../../postgres/quote.ts";
import { leaseGuard, type Lease } from "./lease.ts";

/** The confirmation of a page. */
export interface PageEnd {
  /** The `seq` of each published row. */
  readonly rows: readonly string[];
  /** Whether this is the window's last page. */
  readonly last: boolean;
}

/**
 * How far the outbox is published, as stored in the database. A window is the set of rows that became visible between
 * two snapshots. The later snapshot is stored before the first row of the window is published, so that the next leader
 * publishes the same rows with the same ids, which are idempotency keys.
 */
export class Progress {
  readonly #connection: Connection;
  readonly #lease: Lease;
  readonly #schema: string;
  /** The snapshot whose visible rows are all published. */
  previous: string;
  /** The snapshot that ends the open window; undefined between two windows. */
  next: string | undefined;
  epoch: string;
  number: bigint;
  /** The last published `seq` of the open window. */
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
   * Reads the progress.
   *
   * @throws FanfareError SOURCE_LOST if this is not the database of the stored progress, or an earlier state of it, as
   * after a restore or a failover. Ids of transactions may then repeat, so a new epoch was begun.
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

  /** Moves on to `snapshot`, in which no further rows were visible, so that the next search has less to scan. */
  async skipTo(snapshot: string): Promise<void> {
    await this.#write("skip what is published", "previous = $2::text::pg_snapshot", [snapshot]);
    this.previous = snapshot;
  }

  /**
   * Writes the progress, fenced by the lease's token, which is the first parameter.
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
   * Begins a new epoch. Its window 0 stands for a truncation of each table, since their rows may have changed in any
   * way. Rows that wait in the outbox get a transaction id of this database.
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
