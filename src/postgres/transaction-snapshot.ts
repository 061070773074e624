/**
 * Which transactions a snapshot of PostgreSQL shows: `pg_current_snapshot()` as text, `xmin:xmax:xip,xip`. Everything
 * below xmin has ended, everything from xmax on was still to come, and what is listed was running.
 * https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT
 */
export class TransactionSnapshot {
  readonly xmax: bigint;
  readonly #running: ReadonlySet<bigint>;

  constructor(text: string) {
    const [, xmax = "", running = ""] = text.split(":");
    this.xmax = BigInt(xmax);
    this.#running = new Set(running === "" ? [] : running.split(",").map(BigInt));
  }

  /** Whether the transaction had ended. What a rolled-back one did is not there to be seen. */
  includes(transaction: bigint): boolean {
    return transaction < this.xmax && !this.#running.has(transaction);
  }
}
