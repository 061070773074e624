import type { Clock } from "../base/clock.ts";

/** The columns of a table whose rows are leads, for `create table`. */
export const leadColumns = `token bigint not null default 0,
  expires timestamptz not null default '-infinity'`;

/**
 * A leader's statements begin `with` this. They are committed when they are on the server's own disk, and do not wait for
 * a synchronous standby: while that is away, nothing could be renewed.
 */
export const localCommit = "how as (select pg_catalog.set_config('synchronous_commit', 'local', true))";

/** Gives the lead back, so that nobody has to wait until it has run out. To be assigned by {@link LeadRow.write}. */
export const expired = "expires = '-infinity'";

/** @param milliseconds SQL of a text: for how long from now on. Time is the database's, the same for all processes. */
export function expiresIn(milliseconds: string): string {
  return `expires = pg_catalog.clock_timestamp() + ${milliseconds}::text::float8 * interval '1 millisecond'`;
}

/**
 * The lease by which one of several processes leads: a row that says until when, and with which fencing token. Each leader
 * has a higher token than those before. It counts milliseconds, so that it is higher also after a restore.
 *
 * Its statements stand behind `with` {@link localCommit}. Parameters are SQL of texts, such as `$1`.
 */
export class LeadRow {
  readonly #table: string;
  readonly #condition: string;

  /**
   * @param table as SQL. It has the {@link leadColumns}.
   * @param condition tells which row of the table it is; the only one by default.
   */
  constructor(table: string, condition: string = "true") {
    this.#table = table;
    this.#condition = condition;
  }

  /** Takes the lead where it has run out. No row comes back while somebody has it. */
  take(milliseconds: string, returning: string, assignments: readonly string[] = []): string {
    const token = "token = greatest(token + 1, (extract(epoch from pg_catalog.clock_timestamp()) * 1000)::bigint)";
    return `update ${this.#table} set ${[expiresIn(milliseconds), token, ...assignments].join(", ")}
      from how where ${this.#condition} and expires <= pg_catalog.clock_timestamp() returning ${returning}`;
  }

  /** Writes into the row. Nothing is written, and no row comes back, where a later leader has taken it. */
  write(token: string, assignments: readonly string[], returning: string): string {
    return `update ${this.#table} set ${assignments.join(", ")}
      from how where ${this.#condition} and token = ${token}::text::bigint returning ${returning}`;
  }

  /**
   * `led`, for statements that write elsewhere: a relation that has one row, or none where a later leader has taken the
   * lead. Nobody can take it until the statement has ended.
   */
  guard(token: string): string {
    return `led as (select from ${this.#table} l, how
      where ${this.#condition} and token = ${token}::text::bigint for share of l)`;
  }
}

/**
 * Until when a lead is held for sure, by this process's own clock. It is counted from before the database was asked, so
 * it never ends later here than there, however long the process was paused or waited for the answer. A clock that was set
 * back tells nothing: the lead counts as over until it is renewed.
 */
export class LeadTime {
  readonly #clock: Clock;
  readonly #milliseconds: number;
  #until = -Infinity;
  /** The latest time that was seen. */
  #seen = -Infinity;

  constructor(clock: Clock, milliseconds: number) {
    this.#clock = clock;
    this.#milliseconds = milliseconds;
  }

  /** The time at which the database is asked. */
  ask(): number {
    return this.#look();
  }

  /** @param asked when the database was asked that has renewed the lead. */
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
