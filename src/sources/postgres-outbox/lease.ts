import type { Clock, Timer } from "../../base/clock.ts";
import { FanfareError } from "../../base/error.ts";
import type { Connection } from "../../postgres/connection.ts";
import { expired, expiresIn, LeadRow, LeadTime, localCommit } from "../../postgres/lead.ts";
import { identifier } from "../../postgres/quote.ts";

export interface LeaseOptions {
  readonly connection: Connection;
  readonly schema: string;
  readonly clock: Clock;
  /** The term of the lease, in milliseconds. It is renewed every third of a term. */
  readonly milliseconds: number;
}

/**
 * The lease for publishing the outbox, which one process holds at a time. Each write checks the fencing token in the
 * same statement ({@link leaseGuard}), so a late write of an earlier leader has no effect.
 */
export class Lease implements AsyncDisposable {
  readonly token: number;
  readonly #options: LeaseOptions;
  readonly #time: LeadTime;
  readonly #renewal: Timer;
  #renewing: Promise<void> | undefined;
  #lost = false;

  private constructor(options: LeaseOptions, token: number, time: LeadTime) {
    this.#options = options;
    this.token = token;
    this.#time = time;
    this.#renewal = options.clock.every(options.milliseconds / 3, () => {
      this.#renewing ??= this.#renew().finally(() => (this.#renewing = undefined));
    });
  }

  /** Takes the lease; undefined while another process holds it. */
  static async take(options: LeaseOptions): Promise<Lease | undefined> {
    const { clock, connection, schema, milliseconds } = options;
    const time = new LeadTime(clock, milliseconds);
    const asked = time.ask();
    const text = `with ${localCommit} ${rowIn(schema).take("$1", "token::text")}`;
    const [row] = await connection.query("take the lead", text, [String(milliseconds)]);
    if (row?.["token"] == null) return undefined;
    time.renewed(asked);
    return new Lease(options, Number(row["token"]), time);
  }

  /**
   * Whether this process certainly holds the lease: false after a long pause of the process or silence of the database,
   * and after the clock was set back.
   */
  get held(): boolean {
    return !this.#lost && this.#time.isLeft;
  }

  /**
   * Makes sure that this process holds the lease; one that has expired is renewed unless another process has taken it.
   *
   * @throws FanfareError LEAD_LOST if another process has taken the lease, or it cannot be renewed.
   */
  async assertHeld(): Promise<void> {
    if (!this.held) await this.#renew();
    if (!this.held) throw this.lose();
  }

  /** Marks the lease as lost to another process, and returns the error that says so. */
  lose(): FanfareError {
    this.#lost = true;
    return new FanfareError("LEAD_LOST", "postgres-outbox: another process publishes by now");
  }

  /** Releases the lease, so that the next leader need not wait for its expiry. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#renewal[Symbol.dispose]();
    await this.#renewing;
    if (this.#lost) return;
    this.#lost = true;
    // If the database cannot be reached, the lease expires by itself.
    await this.#write("give back the lead", expired).catch(() => undefined);
  }

  async #renew(): Promise<void> {
    if (this.#lost) return;
    const asked = this.#time.ask();
    try {
      const isMine = await this.#write("renew the lead", expiresIn("$2"), String(this.#options.milliseconds));
      if (isMine) this.#time.renewed(asked);
      else this.#lost = true;
    } catch {
      // The reader's queries report the same failure. Before the lease expires, the next renewal may succeed.
    }
  }

  /** Writes into the lease's row; false if a later leader has taken it. */
  async #write(doing: string, assignment: string, ...values: readonly string[]): Promise<boolean> {
    const { connection, schema } = this.#options;
    const text = `with ${localCommit} ${rowIn(schema).write("$1", [assignment], "token::text")}`;
    return (await connection.query(doing, text, [String(this.token), ...values])).length > 0;
  }
}

/** Clauses for the beginning of a statement that joins `led`: it writes only if `$1` is the lease's fencing token. */
export function leaseGuard(schema: string): string {
  return `${localCommit}, ${rowIn(schema).guard("$1")}`;
}

function rowIn(schema: string): LeadRow {
  return new LeadRow(`${identifier(schema)}.outbox_lease`);
}
