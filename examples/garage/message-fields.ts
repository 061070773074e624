import { declare } from "fanfare";
import type { Topic } from "fanfare/declare";
import type { Context } from "./context.ts";
import type { Fields } from "./fields.ts";
import { requireCount, requireText } from "./input.ts";
import { messagesOf, type Message } from "./message.ts";

const { subscription } = declare<Context>();

export const messageFields = {
  Query: {
    messages: {
      resolve: (_, args: { room: string; last?: number | null }, { messages }) =>
        messages.list(requireRoom(args.room), requireCount("last", args.last ?? 50)),
    },
  },

  Mutation: {
    sendMessage: {
      resolve: (_, { room, text }: { room: string; text: string }, { messages }) =>
        messages.add(requireRoom(room), requireText("text", text, 4_000), "guest"),
    },
  },

  Subscription: {
    messageAdded: subscription({
      topics: ({ room }: { room: string }): Topic<Message>[] => [messagesOf({ room: requireRoom(room) })],
    }),
  },
} satisfies Fields;

function requireRoom(room: string): string {
  return requireText("room", room, 100);
}
