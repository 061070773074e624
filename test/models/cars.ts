import { integer, pgTable, text, timestamp } from "drizzle-orm/pg-core";
import type { CapturedRow } from "../../src/contract/captured.ts";
import type { ChangePayload } from "../../src/relay/change-payload.ts";

export const cars = pgTable("cars", {
  id: integer("id").primaryKey(),
  make: text("make").notNull(),
  model: text("model").notNull(),
  variant: text("variant"),
  year: integer("year"),
  owner: text("owner"),
  updatedAt: timestamp("updated_at", { withTimezone: true }).notNull(),
});

export type Car = typeof cars.$inferSelect;

export const skoda: CapturedRow = {
  id: "1",
  make: "Skoda",
  model: "Octavia",
  variant: null,
  year: "2021",
  owner: "ada",
  updated_at: "2026-01-31T12:00:00.5+00:00",
};

export const at = Date.UTC(2026, 0, 31, 12);

let transactions = 0;

/** A change as a relay publishes it, from the row `before` to the row `after`; either may be null. */
export function change(
  before: CapturedRow | null,
  after: CapturedRow | null,
  more: { readonly moved?: boolean; readonly transaction?: string } = {},
): ChangePayload {
  const action = before === null ? "CREATED" : after === null ? "DELETED" : "UPDATED";
  const { moved = false, transaction = String((transactions += 1)) } = more;
  return { action, before, after, moved, at, transaction };
}

export const truncated: ChangePayload = { action: "TRUNCATED", at, transaction: "1" };
