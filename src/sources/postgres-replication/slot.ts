import type { Clock } from "../../base/clock.ts";
import { FanfareError } from "../../base/error.ts";
import { pause } from "../../base/pause.ts";
import type { Log } from "../../contract/log.ts";
import { textRows, withConnection } from "../../postgres/database.ts";
import { codeOf } from "../../postgres/error.ts";
import { databaseError } from "./database-error.ts";
import type { Progress } from "./lead.ts";
import { readLsn, writeLsn, type Lsn } from "./lsn.ts";
import type { PostgresConnection, PostgresPool } from "./pool.ts";
import type { ServerIdentity } from "./wal-connection.ts";

/** A replication slot as it is on the server. */
export interface SlotState {
  readonly plugin: string;
  readonly database: string;
  readonly status: string;
  readonly confirmed: Lsn;
  /** The pid of the server process that reads the slot; undefined: none. */
  readonly reader: string | undefined;
}

interface SlotOptions {
  readonly pool: PostgresPool;
  readonly name: string;
  readonly slot: string;
  readonly clock: Clock;
  readonly log: Log | undefined;
}

/** The time after which a warning is logged that creating the slot takes long, in milliseconds. */
const patience = 5000;

/** The replication slot, by which the server keeps the log until it was read. */
export class Slot {
  readonly #options: SlotOptions;

  constructor(options: SlotOptions) {
    this.#options = options;
  }

  /**
   * The slot's state; undefined if it does not exist.
   *
   * @throws FanfareError SOURCE_NOT_READY for a slot of another database or output plugin.
   */
  async state(): Promise<SlotState | undefined> {
    const { pool, name, slot } = this.#options;
    const query = `select coalesce(plugin, '') as plugin, coalesce(database, '') as database, wal_status as status,
      coalesce(confirmed_flush_lsn, '0/0')::text as confirmed, active_pid::text as reader,
      current_database()::text as here from pg_catalog.pg_replication_slots where slot_name = $1`;
    const [row] = await textRows(pool, query, [slot]);
    if (!row) return undefined;
    const { plugin, database, here } = row;
    if (plugin !== "pgoutput" || database !== here) {
      const whose = `the plugin ${plugin || "none"} in the database ${database || "none"}`;
      const message = `${name}: the slot ${slot} is of ${whose}, not of pgoutput in ${here}: choose another name for it`;
      throw new FanfareError("SOURCE_NOT_READY", message);
    }
    return {
      plugin,
      database: database ?? "",
      status: row["status"] ?? "lost",
      confirmed: readLsn(row["confirmed"] ?? "0/0"),
      reader: row["reader"] ?? undefined,
    };
  }

  /** Ends the connection that reads the slot: an earlier leader's, whose lease has expired. */
  async free(signal: AbortSignal): Promise<void> {
    const { pool, name, slot, clock } = this.#options;
    const query = `select pg_catalog.pg_terminate_backend(active_pid)::text as ended
      from pg_catalog.pg_replication_slots where slot_name = $1 and active_pid is not null`;
    for (let delay = 1; !signal.aborted; delay = Math.min(delay * 2, 50)) {
      try {
        const rows = await textRows(pool, query, [slot]);
        if (rows.length === 0) return;
      } catch (error) {
        if (codeOf(error) !== "42501") throw databaseError(name, "take the slot over", error);
        const message = `${name}: the slot ${slot} is read by another role, which this one may not end. Let all processes use one role, or grant pg_signal_backend`;
        throw new FanfareError("SOURCE_NOT_READY", message, { cause: error });
      }
      await pause(clock, delay, signal);
    }
  }

  /**
   * Creates the slot. The server waits for the end of all transactions that are open now.
   *
   * @returns the position at which the slot's log begins; undefined if `signal` aborts first.
   */
  create(signal: AbortSignal): Promise<Lsn | undefined> {
    return withConnection(this.#options.pool, (connection) => this.#create(connection, signal));
  }

  async drop(): Promise<void> {
    const { pool, name, slot } = this.#options;
    const query =
      "select pg_catalog.pg_drop_replication_slot(slot_name) from pg_catalog.pg_replication_slots where slot_name = $1";
    await pool.query(query, [slot]).catch((error: unknown) => {
      throw databaseError(name, "drop the slot", error);
    });
  }

  async #create(connection: PostgresConnection, signal: AbortSignal): Promise<Lsn | undefined> {
    const { pool, name, slot, clock, log } = this.#options;
    const [backend] = await textRows(connection, "select pg_catalog.pg_backend_pid()::text as pid");
    const cancel = (): void => {
      // If this fails, the database cannot be reached, and the creation has ended by itself.
      pool.query("select pg_catalog.pg_cancel_backend($1::text::int)", [backend?.["pid"]]).catch(() => undefined);
    };
    if (signal.aborted) return undefined;
    signal.addEventListener("abort", cancel, { once: true });
    const waiting = clock.after(patience, () => {
      log?.warn("A slot is made when all transactions have ended that were open before", { source: name, slot });
    });
    try {
      const query = "select lsn::text from pg_catalog.pg_create_logical_replication_slot($1, 'pgoutput')";
      const [row] = await textRows(connection, query, [slot]);
      return readLsn(row?.["lsn"] ?? "0/0");
    } catch (error) {
      if (signal.aborted) return undefined;
      throw databaseError(name, "make the slot", error);
    } finally {
      waiting[Symbol.dispose]();
      signal.removeEventListener("abort", cancel);
    }
  }
}

/** Why the slot cannot continue from the stored progress; undefined if it can. */
export function whyLost(
  state: SlotState | undefined,
  { system, timeline, confirmed }: Progress,
  now: ServerIdentity,
): string | undefined {
  if (now.system !== system) return "this is another database server than before";
  if (now.timeline !== timeline) return "the server was restored, or a standby took its place";
  if (!state) return "the slot was dropped";
  if (state.status === "lost") return "the server has removed log that was not read: raise max_slot_wal_keep_size";
  if (state.confirmed <= confirmed) return undefined;
  return `the slot is at ${writeLsn(state.confirmed)}, and only ${writeLsn(confirmed)} was published: it was made anew, or moved on by somebody else`;
}
