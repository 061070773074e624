import { desc, eq } from "drizzle-orm";
import type { Database } from "./database.ts";
import { messageOf, type Message } from "./message.ts";
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

  async add(room: string, text: string, username: string): Promise<Message> {
    const [author] = await this.#database.select().from(users).where(eq(users.username, username));
    if (!author) throw new Error(`The table users has no ${username}`);
    const [row] = await this.#database.insert(messages).values({ room, text, authorId: author.id }).returning();
    if (!row) throw new Error("The database did not answer with the new message");
    return messageOf(row, author);
  }
}
