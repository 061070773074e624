import type { cars } from "./tables.ts";

/** A car as clients and events see it. Plain JSON, so that it may travel between processes. */
export interface Car {
  readonly id: string;
  readonly make: string;
  readonly model: string;
  readonly variant: string | null;
  readonly year: number | null;
  /** ISO 8601, in milliseconds. */
  readonly updatedAt: string;
}

export function carOf(row: typeof cars.$inferSelect): Car {
  return { ...row, id: String(row.id), updatedAt: row.updatedAt.toISOString() };
}
