import type { Clock } from "../../base/clock.ts";
import { pause } from "../../base/pause.ts";
import { textRows } from "../../postgres/database.ts";
import { TransactionSnapshot } from "../../postgres/transaction-snapshot.ts";
import type { PostgresPool } from "./pool.ts";

/** The first and the longest pause between two snapshots, in milliseconds. */
const shortest = 1;
const longest = 32;

/**
 * Waits until transactions are visible to new snapshots (MVCC). The log shows a commit before other transactions can
 * see its changes: by microseconds as a rule, by longer while a synchronous standby does not answer. No change may be
 * published before a new transaction can read it.
 */
export class Visibility {
  readonly #pool: PostgresPool;
  readonly #clock: Clock;
  #snapshot: TransactionSnapshot;

  private constructor(pool: PostgresPool, clock: Clock, snapshot: TransactionSnapshot) {
    this.#pool = pool;
    this.#clock = clock;
    this.#snapshot = snapshot;
  }

  static async open(pool: PostgresPool, clock: Clock): Promise<Visibility> {
    return new Visibility(pool, clock, await takeSnapshot(pool));
  }

  /**
   * A transaction's 64-bit id. The log has its lower 32 bits; of all ids with these bits it is the one nearest to the
   * present ids, since wraparound protection keeps live ids less than 2³¹ apart.
   */
  wholeId(xid: number): bigint {
    return this.#snapshot.xmax + BigInt.asIntN(32, BigInt(xid) - this.#snapshot.xmax);
  }

  /** Resolves when a new snapshot includes all transactions, or `signal` aborts. */
  async wait(transactions: readonly bigint[], signal: AbortSignal): Promise<void> {
    for (let delay = shortest; !this.#shows(transactions); delay = Math.min(delay * 2, longest)) {
      this.#snapshot = await takeSnapshot(this.#pool);
      if (signal.aborted || this.#shows(transactions)) return;
      await pause(this.#clock, delay, signal);
    }
  }

  #shows(transactions: readonly bigint[]): boolean {
    return transactions.every((transaction) => this.#snapshot.includes(transaction));
  }
}

async function takeSnapshot(pool: PostgresPool): Promise<TransactionSnapshot> {
  const [row] = await textRows(pool, "select pg_catalog.pg_current_snapshot()::text as snapshot");
  return new TransactionSnapshot(row?.["snapshot"] ?? "");
}
