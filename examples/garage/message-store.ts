import { desc, eq, sql } from "drizzle-orm";
import type { Database } from "./database.ts";
import { messageOf, messagesOf, type Message } from "./message.ts";
import { messages, users } from "./tables.ts";

/** The messages in the database. */
export class MessageStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The last ones of a room, oldest first. */
  async list(room: string, last: number): Promise<readonly Message[]> {
    const rows = await this.#database
      .select()
      .from(messages)
      .innerJoin(users, eq(users.id, messages.authorId))
      .where(eq(messages.room, room))
      .orderBy(desc(messages.id))
      .limit(last);
    return rows.map((row) => messageOf(row.messages, row.users)).toReversed();
  }

  /** Keeps a message and tells it: both happen when the transaction is committed, or neither does. */
  async add(room: string, text: string, username: string): Promise<Message> {
    return this.#database.transaction(async (transaction) => {
      const [author] = await transaction.select().from(users).where(eq(users.username, username));
      if (!author) throw new Error(`The table users has no ${username}`);
      const [row] = await transaction.insert(messages).values({ room, text, authorId: author.id }).returning();
      if (!row) throw new Error("The database did not answer with the new message");
      const message = messageOf(row, author);
      const [topic, payload] = [messagesOf({ room }).name, JSON.stringify(message)];
      await transaction.execute(sql`select fanfare.publish(${topic}, ${payload}::jsonb)`);
      return message;
    });
  }
}
