import type { TextRow } from "../../postgres/database.ts";

/** The state of a replication slot, from `pg_replication_slots`. */
export interface SlotHealth {
  /**
   * `wal_status`. `reserved`: normal; `extended`: more log than `max_wal_size` is kept; `unreserved`: the next
   * checkpoint may remove log that the slot needs; `lost`: that log was removed, or the slot is gone.
   */
  readonly status: "reserved" | "extended" | "unreserved" | "lost";
  /** The number of bytes of the log that the server keeps for the slot. */
  readonly kept: number;
  /** `safe_wal_size`: the number of bytes that can be written until the slot is lost; undefined without a limit. */
  readonly left: number | undefined;
  /** Whether commits wait for the slot's reader, as for a synchronous standby. */
  readonly isStandby: boolean;
}

/** The columns to select from {@link slotHealthSource}, where `$1` is the slot's name. */
export const slotHealthColumns: string = `s.wal_status::text as status, s.safe_wal_size::text as remaining,
  pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), s.restart_lsn)::text as kept,
  coalesce(r.sync_priority, 0)::text as sync_priority`;

export const slotHealthSource: string =
  "(select 1) one left join (pg_catalog.pg_replication_slots s left join pg_catalog.pg_stat_replication r " +
  "on r.pid = s.active_pid) on s.slot_name = $1";

export function readSlotHealth({ status, kept, remaining, sync_priority: priority }: TextRow): SlotHealth {
  return {
    status: status === "reserved" || status === "extended" || status === "unreserved" ? status : "lost",
    kept: Number(kept ?? 0),
    left: remaining === null || remaining === undefined ? undefined : Number(remaining),
    isStandby: Number(priority) > 0,
  };
}
