import type { Clock } from "../../base/clock.ts";
import { FanfareError } from "../../base/error.ts";
import { pause } from "../../base/pause.ts";
import { textRows, type TextRow } from "../../postgres/database.ts";
import { expired, expiresIn, LeadRow, LeadTime, localCommit } from "../../postgres/lead.ts";
import { identifier } from "../../postgres/quote.ts";
import { databaseError } from "./database-error.ts";
import { readLsn, writeLsn, type Lsn } from "./lsn.ts";
import type { PostgresPool } from "./pool.ts";
import { readSlotHealth, slotHealthColumns, slotHealthSource, type SlotHealth } from "./slot-health.ts";
import type { ServerIdentity } from "./wal-connection.ts";

export interface LeadOptions {
  readonly pool: PostgresPool;
  readonly name: string;
  readonly slot: string;
  readonly schema: string;
  readonly clock: Clock;
  /** The term of the lease, in milliseconds. */
  readonly lease: number;
}

/** How far a slot is published, as stored in the database for the next leader. */
export interface Progress extends ServerIdentity {
  readonly epoch: string;
  /** The position up to which everything is published. It is stored before the slot is advanced to it. */
  readonly confirmed: Lsn;
  /** The loss of changes before this epoch, until it has been published; undefined: none. */
  readonly gap: Gap | undefined;
}

export interface Gap {
  /** The time at which the loss was noticed, in milliseconds since 1970. */
  readonly at: number;
  /** The transaction that began the epoch: a snapshot that includes it has missed no change. */
  readonly transaction: string;
}

const progressColumns = `epoch, system, timeline, confirmed::text as confirmed, gap_transaction::text as gap_transaction,
  (extract(epoch from gap_at) * 1000)::bigint::text as gap_at`;

/**
 * The lease for reading the slot, which one process holds at a time. Its row also stores how far the slot is published,
 * which is on the server's disk before the slot is advanced.
 */
export class Lead implements AsyncDisposable {
  readonly token: number;
  readonly #options: LeadOptions;
  readonly #time: LeadTime;
  readonly #row: LeadRow;
  readonly #ending = new AbortController();
  readonly #renewals: Promise<void>;
  #failure: FanfareError | undefined;
  #confirmed: Lsn;
  #progress: Progress | undefined;
  #disposed: Promise<void> | undefined;
  onRenewed: (confirmed: Lsn, health: SlotHealth) => void = () => {};

  private constructor(options: LeadOptions, row: TextRow, time: LeadTime) {
    this.#options = options;
    this.#row = rowOf(options);
    this.#time = time;
    this.token = Number(row["token"]);
    this.#progress = readProgress(row);
    this.#confirmed = this.#progress?.confirmed ?? 0n;
    this.#renewals = this.#renewAgainAndAgain();
  }

  /**
   * Takes the lease; undefined while another process leads.
   * @throws FanfareError SOURCE_NOT_READY, SOURCE_UNAVAILABLE
   */
  static async take(options: LeadOptions, holder: string): Promise<Lead | undefined> {
    const { pool, slot, clock, lease, name } = options;
    const table = tableOf(options);
    const time = new LeadTime(clock, lease);
    const asked = time.ask();
    const insert = `with ${localCommit} insert into ${table} (slot) select $1 from how on conflict do nothing`;
    const returning = `token::text as token, ${progressColumns}`;
    const take = `with ${localCommit} ${rowOf(options).take("$3", returning, ["holder = $2"])}`;
    try {
      const exists = await textRows(pool, `select slot from ${table} where slot = $1`, [slot]);
      if (exists.length === 0) await pool.query(insert, [slot]);
      const [row] = await textRows(pool, take, [slot, holder, String(lease)]);
      if (!row) return undefined;
      time.renewed(asked);
      return new Lead(options, row, time);
    } catch (error) {
      throw databaseError(name, "take the lead", error);
    }
  }

  /** The stored progress; undefined until the slot was created. */
  get progress(): Progress | undefined {
    return this.#progress;
  }

  /** Aborts when this process no longer leads. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  leads(): boolean {
    return !this.#ending.signal.aborted && this.#time.isLeft;
  }

  /** Why the lead has ended. */
  get end(): FanfareError {
    return this.#failure ?? this.#lost();
  }

  /**
   * Confirms that everything before `lsn` is published; the next renewal stores it. A lease that has expired, as after
   * a pause of the process, is renewed unless another process has taken it.
   *
   * @throws FanfareError LEAD_LOST if another process has taken the lease; SOURCE_UNAVAILABLE if it cannot be renewed.
   */
  async confirm(lsn: Lsn): Promise<void> {
    if (this.signal.aborted) throw this.end;
    if (!this.leads()) await this.#renewOrFail();
    if (lsn > this.#confirmed) this.#confirmed = lsn;
  }

  /** Ends the lead; {@link end} is `error` then. */
  fail(error: FanfareError): void {
    if (this.#ending.signal.aborted) return;
    this.#failure = error;
    this.#ending.abort();
  }

  /**
   * Begins a new epoch: stores the position at which a new slot begins.
   *
   * @param isGap true if unpublished changes of the earlier epoch are lost.
   */
  async begin(identity: ServerIdentity, confirmed: Lsn, isGap: boolean): Promise<Progress> {
    const epoch = crypto.randomUUID().replaceAll("-", "").slice(0, 12);
    const assignments = [
      "epoch = $3, system = $4, timeline = $5, confirmed = $6::text::pg_lsn",
      "gap_at = case when $7::text = 'true' then clock_timestamp() end",
      "gap_transaction = case when $7::text = 'true' then pg_current_xact_id() end",
    ];
    const values = [epoch, identity.system, identity.timeline, writeLsn(confirmed), String(isGap)];
    this.#progress = readProgress(await this.#write(assignments, values));
    if (!this.#progress) throw new TypeError("What was written was not read");
    this.#confirmed = confirmed;
    return this.#progress;
  }

  /** Confirms that the gap was published. */
  async closeGap(): Promise<void> {
    this.#progress = readProgress(await this.#write(["gap_at = null", "gap_transaction = null"], []));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#release();
    return this.#disposed;
  }

  /** Stores the confirmed position and releases the lease, so that the next leader need not wait for its expiry. */
  async #release(): Promise<void> {
    this.#ending.abort();
    await this.#renewals;
    if (this.#failure?.code === "LEAD_LOST" || this.#failure?.code === "SOURCE_UNAVAILABLE") return;
    const confirmed = "confirmed = greatest(confirmed, $3::text::pg_lsn)";
    // If the database cannot be reached, the lease expires by itself.
    await this.#write([expired, confirmed], [writeLsn(this.#confirmed)]).catch(() => undefined);
  }

  async #renewAgainAndAgain(): Promise<void> {
    const { clock, lease } = this.#options;
    for (;;) {
      await pause(clock, lease / 3, this.signal);
      if (this.signal.aborted) return;
      // A failure ends the lead, and its signal reports that to the reader.
      await this.#renewOrFail().catch(() => undefined);
    }
  }

  /** Renews the lease. A database that does not answer within a term counts as unreachable. */
  async #renewOrFail(): Promise<void> {
    const { clock, lease, name } = this.#options;
    const { promise: silence, reject } = Promise.withResolvers<never>();
    const timer = clock.after(lease, () => reject(new Error(`no answer for ${lease} ms`)));
    try {
      await Promise.race([this.#renew(), silence]);
    } catch (error) {
      const failure = databaseError(name, "renew the lead", error);
      this.fail(failure);
      throw failure;
    } finally {
      timer[Symbol.dispose]();
    }
  }

  async #renew(): Promise<void> {
    const { pool, lease, slot } = this.#options;
    const confirmed = this.#confirmed;
    const asked = this.#time.ask();
    const progress = "confirmed = case when epoch = $5 then greatest(confirmed, $4::text::pg_lsn) else confirmed end";
    const query = `with ${localCommit}, renewed as (${this.#row.write("$2", [expiresIn("$3"), progress], "slot")})
      select (select count(*) from renewed)::text as renewed, ${slotHealthColumns} from ${slotHealthSource}`;
    const epoch = this.#progress?.epoch ?? null;
    const values = [slot, String(this.token), String(lease), writeLsn(confirmed), epoch];
    const [row] = await textRows(pool, query, values);
    if (row?.["renewed"] !== "1") throw this.#lost();
    this.#time.renewed(asked);
    this.onRenewed(confirmed, readSlotHealth(row));
  }

  /** Writes into the lease's row. @throws FanfareError LEAD_LOST if a later leader has taken it. */
  async #write(assignments: readonly string[], values: readonly string[]): Promise<TextRow> {
    const { pool, slot, name } = this.#options;
    const query = `with ${localCommit} ${this.#row.write("$2", assignments, progressColumns)}`;
    try {
      const [row] = await textRows(pool, query, [slot, String(this.token), ...values]);
      if (!row) throw this.#lost();
      return row;
    } catch (error) {
      throw databaseError(name, "write down its progress", error);
    }
  }

  #lost(): FanfareError {
    return new FanfareError("LEAD_LOST", `${this.#options.name}: another process reads the slot by now`);
  }
}

function tableOf({ schema }: LeadOptions): string {
  return `${identifier(schema)}.replication`;
}

function rowOf(options: LeadOptions): LeadRow {
  return new LeadRow(tableOf(options), "slot = $1");
}

function readProgress(row: TextRow): Progress | undefined {
  const { epoch, system, timeline, confirmed, gap_at: at, gap_transaction: transaction } = row;
  if (!epoch || !system || !timeline || !confirmed) return undefined;
  const gap = at && transaction ? { at: Number(at), transaction } : undefined;
  return { epoch, system, timeline, confirmed: readLsn(confirmed), gap };
}
