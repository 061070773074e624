import type { Clock, Timer } from "../../base/clock.ts";
import { FanfareError } from "../../base/error.ts";
import type { Connection } from "../../postgres/connection.ts";
import { expired, expiresIn, LeadRow, LeadTime, localCommit } from "../../postgres/lead.ts";
import { identifier } from "../../postgres/quote.ts";

export interface LeaseOptions {
  readonly connection: Connection;
  readonly schema: string;
  readonly clock: Clock;
  /** How long it holds unless it is renewed, in milliseconds. It is renewed three times as often. */
  readonly milliseconds: number;
}

/**
 * The right to publish the outbox, which one process has at a time. A statement that writes asks for the token in the same
 * breath ({@link leaseGuard}), so what an earlier holder writes late changes nothing.
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

  /** Takes the lease if nobody has it; undefined when somebody does. */
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
   * Whether this process has it for sure. A pause of the process, a database that does not answer and a clock that is set
   * back all count as not.
   */
  get held(): boolean {
    return !this.#lost && this.#time.isLeft;
  }

  /**
   * Makes sure of it: what has run out and was taken by nobody is renewed.
   *
   * @throws FanfareError LEAD_LOST
   */
  async assertHeld(): Promise<void> {
    if (!this.held) await this.#renew();
    if (!this.held) throw this.lose();
  }

  /** Says that somebody else has it by now. */
  lose(): FanfareError {
    this.#lost = true;
    return new FanfareError("LEAD_LOST", "postgres-outbox: another process publishes by now");
  }

  /** Gives it back, so that nobody has to wait until it runs out. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#renewal[Symbol.dispose]();
    await this.#renewing;
    if (this.#lost) return;
    this.#lost = true;
    // Where the database is gone, it runs out by itself.
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
      // The reader meets the same failure. Until the time is up, the next renewal may succeed.
    }
  }

  /** Whether the lease was still this process's to write. */
  async #write(doing: string, assignment: string, ...values: readonly string[]): Promise<boolean> {
    const { connection, schema } = this.#options;
    const text = `with ${localCommit} ${rowIn(schema).write("$1", [assignment], "token::text")}`;
    return (await connection.query(doing, text, [String(this.token), ...values])).length > 0;
  }
}

/** A statement that begins with this, and joins `led`, writes nothing unless the lease has the fencing token `$1`. */
export function leaseGuard(schema: string): string {
  return `${localCommit}, ${rowIn(schema).guard("$1")}`;
}

function rowIn(schema: string): LeadRow {
  return new LeadRow(`${identifier(schema)}.outbox_lease`);
}
