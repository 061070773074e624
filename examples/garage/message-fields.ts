import { declare, type Topic } from "fanfare";
import type { Context } from "./context.ts";
import type { Fields } from "./fields.ts";
import { requireCount, requireText } from "./input.ts";
import type { Message } from "./message.ts";

const { subscription, topic } = declare<Context>();

const messagesOf = topic("room", { room: String }).of<Message>();

export const messageFields = {
  Query: {
    messages: {
      resolve: (_, args: { room: string; last?: number | null }, { messages }) =>
        messages.list(requireRoom(args.room), requireCount("last", args.last ?? 50)),
    },
  },

  Mutation: {
    sendMessage: {
      resolve: async (_, args: { room: string; text: string }, { messages, publish }) => {
        const room = requireRoom(args.room);
        const message = await messages.add(room, requireText("text", args.text, 4_000), "guest");
        await publish(messagesOf({ room }), message);
        return message;
      },
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
