import type { Clock, Timer } from "../../base/clock.ts";
import { FanfareError } from "../../base/error.ts";
import { identifier } from "../../postgres/quote.ts";
import type { Session } from "./connection.ts";

export interface LeaseOptions {
  readonly session: Session;
  readonly schema: string;
  readonly clock: Clock;
  /** How long it holds unless it is renewed, in milliseconds. It is renewed three times as often. */
  readonly milliseconds: number;
}

/**
 * The right to publish the outbox, which one process has at a time: a row with the time at which it runs out, by the
 * database's clock. Whoever takes it gets a higher token than those before, also after a restore: it counts milliseconds.
 * A statement that writes asks for the token in the same breath ({@link leaseGuard}), so what an earlier holder writes
 * late changes nothing.
 */
export class Lease implements AsyncDisposable {
  readonly token: number;
  readonly #options: LeaseOptions;
  readonly #renewal: Timer;
  /** By this process's clock: when the last renewal was asked for, and the latest time that was seen. */
  #renewed: number;
  #seen: number;
  #renewing: Promise<void> | undefined;
  #lost = false;

  private constructor(options: LeaseOptions, token: number, asked: number) {
    this.#options = options;
    this.token = token;
    this.#renewed = asked;
    this.#seen = asked;
    this.#renewal = options.clock.every(options.milliseconds / 3, () => {
      this.#renewing ??= this.#renew().finally(() => (this.#renewing = undefined));
    });
  }

  /** Takes the lease if nobody has it; undefined when somebody does. */
  static async take(options: LeaseOptions): Promise<Lease | undefined> {
    const { clock, session, schema, milliseconds } = options;
    const asked = clock.now();
    const [row] = await session.query(
      "take the lead",
      `with ${locally} update ${table(schema)} set expires = clock_timestamp() + $1::text::interval,
         token = greatest(token + 1, (extract(epoch from clock_timestamp()) * 1000)::bigint)
       from how where expires < clock_timestamp() returning token::text`,
      [`${milliseconds} milliseconds`],
    );
    return row?.["token"] == null ? undefined : new Lease(options, Number(row["token"]), asked);
  }

  /**
   * Whether this process has it for sure. A pause of the process, a database that does not answer and a clock that is set
   * back all count as not.
   */
  get held(): boolean {
    const now = this.#options.clock.now();
    if (now < this.#seen) this.#renewed = -Infinity;
    this.#seen = now;
    return !this.#lost && now < this.#renewed + this.#options.milliseconds;
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
    const { session, schema } = this.#options;
    const text = `update ${table(schema)} set expires = '-infinity' where token = $1::text::bigint`;
    // Where the database is gone, it runs out by itself.
    await session.query("give back the lead", text, [String(this.token)]).catch(() => undefined);
  }

  async #renew(): Promise<void> {
    const { clock, session, schema, milliseconds } = this.#options;
    if (this.#lost) return;
    const asked = clock.now();
    try {
      const rows = await session.query(
        "renew the lead",
        `with ${locally} update ${table(schema)} set expires = clock_timestamp() + $2::text::interval
         from how where token = $1::text::bigint returning token::text`,
        [String(this.token), `${milliseconds} milliseconds`],
      );
      if (rows.length === 0) this.#lost = true;
      else this.#renewed = asked;
    } catch {
      // Whoever reads meets the same failure. Until the time is up, the next renewal may succeed.
    }
  }
}

/**
 * The lease's row for the one who has this token, or none; a statement that begins with it writes nothing then. What a
 * leader writes has to be on the server's own disk, and does not wait for a standby that is away: nothing could be
 * renewed meanwhile.
 */
export function leaseGuard(schema: string): string {
  return `${locally}, led as (select from ${table(schema)} l, how where l.token = $1::text::bigint for share of l)`;
}

const locally = "how as (select set_config('synchronous_commit', 'local', true))";

function table(schema: string): string {
  return `${identifier(schema)}.outbox_lease`;
}
