import type { TextRow } from "../../postgres/database.ts";

/** Whether the server still keeps the log that a slot has not read. */
export interface SlotHealth {
  /**
   * `reserved` as it should be; `extended` beyond `max_wal_size`; `unreserved` when the next checkpoint may remove it;
   * `lost` when it is gone, or the slot is.
   */
  readonly status: "reserved" | "extended" | "unreserved" | "lost";
  /** Bytes of the log that are kept for it. */
  readonly kept: number;
  /** Bytes that may be written until it is `lost`; undefined where the server sets no bound. */
  readonly left: number | undefined;
  /** Whether commits wait for whoever reads the slot, as for a synchronous standby. */
  readonly isStandby: boolean;
}

/** To be selected from {@link slotHealthSource}, where `$1` is the slot's name. */
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
