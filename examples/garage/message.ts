import { topic } from "fanfare";
import type { messages, users } from "./tables.ts";

export interface User {
  readonly id: string;
  readonly username: string;
}

/** A message as clients and events see it. Plain JSON, so that it may travel between processes. */
export interface Message {
  readonly id: string;
  readonly room: string;
  readonly text: string;
  readonly author: User;
  /** ISO 8601, in milliseconds. */
  readonly sentAt: string;
}

/** What is said in a room. */
export const messagesOf = topic("room", { room: String }).of<Message>();

export function messageOf(row: typeof messages.$inferSelect, author: typeof users.$inferSelect): Message {
  const { id, room, text, sentAt } = row;
  return {
    id: String(id),
    room,
    text,
    author: { id: String(author.id), username: author.username },
    sentAt: sentAt.toISOString(),
  };
}
