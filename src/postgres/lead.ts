import type { Clock } from "../base/clock.ts";

/** The columns of a {@link LeadRow}, for `create table`. */
export const leadColumns = `token bigint not null default 0,
  expires timestamptz not null default '-infinity'`;

/**
 * A leader's statements begin `with` this clause. It makes their commit wait for the server's own disk only, and not
 * for a synchronous standby, during whose outage no lease could be renewed.
 */
export const localCommit = "how as (select pg_catalog.set_config('synchronous_commit', 'local', true))";

/**
 * An assignment for {@link LeadRow.write} that releases the lease, so that the next leader need not wait for its
 * expiry.
 */
export const expired = "expires = '-infinity'";

/**
 * An assignment for {@link LeadRow.write} that extends the lease, by the database's clock.
 *
 * @param milliseconds SQL of a text: the term from now on.
 */
export function expiresIn(milliseconds: string): string {
  return `expires = pg_catalog.clock_timestamp() + ${milliseconds}::text::float8 * interval '1 millisecond'`;
}

/**
 * The lease by which one of several processes leads: a row with the time of its expiry and a fencing token. Each leader
 * has a higher token than the leaders before. Tokens are at least the time in milliseconds, so that they stay higher
 * after the database was restored from a backup.
 *
 * Each statement stands behind `with` {@link localCommit}. Parameters are SQL of texts, such as `$1`.
 */
export class LeadRow {
  readonly #table: string;
  readonly #condition: string;

  /**
   * @param table SQL of the table, which has the {@link leadColumns}.
   * @param condition SQL that selects the lease's row. Default: the table's only row.
   */
  constructor(table: string, condition: string = "true") {
    this.#table = table;
    this.#condition = condition;
  }

  /** Takes the lease if it has expired. Returns no row while another process holds it. */
  take(milliseconds: string, returning: string, assignments: readonly string[] = []): string {
    const token = "token = greatest(token + 1, (extract(epoch from pg_catalog.clock_timestamp()) * 1000)::bigint)";
    return `update ${this.#table} set ${[expiresIn(milliseconds), token, ...assignments].join(", ")}
      from how where ${this.#condition} and expires <= pg_catalog.clock_timestamp() returning ${returning}`;
  }

  /**
   * Writes into the row as the leader with `token`. Writes nothing, and returns no row, if a later leader has taken it.
   */
  write(token: string, assignments: readonly string[], returning: string): string {
    return `update ${this.#table} set ${assignments.join(", ")}
      from how where ${this.#condition} and token = ${token}::text::bigint returning ${returning}`;
  }

  /**
   * Fences a statement that writes to another table: the relation `led` has one row, or none if a later leader has
   * taken the lease. It locks the row, so that no process can take the lease before the statement has ended.
   */
  guard(token: string): string {
    return `led as (select from ${this.#table} l, how
      where ${this.#condition} and token = ${token}::text::bigint for share of l)`;
  }
}

/**
 * Until when this process certainly holds its lease, by its own clock. The term is counted from before the request to
 * the database, so it never ends later here than there, however long the process was paused or waited for the answer.
 * If the clock is set back, the lease counts as expired until it is renewed.
 */
export class LeadTime {
  readonly #clock: Clock;
  readonly #milliseconds: number;
  #until = -Infinity;
  /** The latest time that the clock has shown. */
  #seen = -Infinity;

  constructor(clock: Clock, milliseconds: number) {
    this.#clock = clock;
    this.#milliseconds = milliseconds;
  }

  /** The time to pass to {@link renewed}, to be taken before the request to the database. */
  ask(): number {
    return this.#look();
  }

  /** Notes that the lease was renewed by a request from the time `asked`. */
  renewed(asked: number): void {
    if (this.#look() >= asked) this.#until = asked + this.#milliseconds;
  }

  get isLeft(): boolean {
    return this.#look() < this.#until;
  }

  #look(): number {
    const now = this.#clock.now();
    if (now < this.#seen) this.#until = -Infinity;
    this.#seen = now;
    return now;
  }
}
