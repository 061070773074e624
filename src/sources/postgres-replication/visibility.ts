import type { Clock } from "../../base/clock.ts";
import { pause } from "../../base/pause.ts";
import { textRows } from "../../postgres/database.ts";
import { TransactionSnapshot } from "../../postgres/transaction-snapshot.ts";
import type { PostgresPool } from "./pool.ts";

/** Between two looks, in milliseconds: at first, and at most. */
const shortest = 1;
const longest = 32;

/**
 * The log tells of a commit before others can see it: by microseconds as a rule, and for as long as a synchronous standby
 * does not answer. Nothing may be told before a new transaction can read it.
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
   * A transaction's whole id. The log has its lower 32 bits; of all ids that end so it is the one nearest to those that
   * are given out now, since a database cannot hold two that are 2³¹ apart.
   */
  wholeId(xid: number): bigint {
    return this.#snapshot.xmax + BigInt.asIntN(32, BigInt(xid) - this.#snapshot.xmax);
  }

  /** Resolves when a new snapshot shows all of them, or when `signal` aborts. */
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
