/**
 * The transactions that a snapshot of PostgreSQL includes (snapshot isolation), from `pg_current_snapshot()` as text:
 * `xmin:xmax:xip,xip`. Transactions below xmin had ended, those from xmax on had not begun, and those in xip were
 * running. https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT
 */
export class TransactionSnapshot {
  readonly xmax: bigint;
  readonly #running: ReadonlySet<bigint>;

  constructor(text: string) {
    const [, xmax = "", running = ""] = text.split(":");
    this.xmax = BigInt(xmax);
    this.#running = new Set(running === "" ? [] : running.split(",").map(BigInt));
  }

  /** Whether the transaction had ended. A rolled-back one counts as included, since it has no effects. */
  includes(transaction: bigint): boolean {
    return transaction < this.xmax && !this.#running.has(transaction);
  }
}
