import { integer, pgTable, text, timestamp } from "drizzle-orm/pg-core";

const moment = { withTimezone: true, precision: 3, mode: "date" } as const;

/** The tables that `tables.sql` makes. */
export const users = pgTable("users", {
  id: integer("id").primaryKey().generatedByDefaultAsIdentity(),
  username: text("username").notNull().unique(),
});

export const cars = pgTable("cars", {
  id: integer("id").primaryKey().generatedByDefaultAsIdentity(),
  make: text("make").notNull(),
  model: text("model").notNull(),
  variant: text("variant"),
  year: integer("year"),
  updatedAt: timestamp("updated_at", moment).notNull().defaultNow(),
});

export const messages = pgTable("messages", {
  id: integer("id").primaryKey().generatedByDefaultAsIdentity(),
  room: text("room").notNull(),
  text: text("text").notNull(),
  authorId: integer("author_id")
    .notNull()
    .references(() => users.id),
  sentAt: timestamp("sent_at", moment).notNull().defaultNow(),
});
