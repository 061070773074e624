import {
  GraphQLID,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  GraphQLError,
  type GraphQLFieldConfig,
} from "graphql";
import { declare } from "fanfare";
import type { Topic } from "fanfare/declare";

export interface Message {
  readonly id: string;
  readonly room: string;
  readonly text: string;
  readonly author: { readonly id: string; readonly name: string };
}

export const tools = declare<{ user?: string }>();
const { subscription, topic } = tools;

export const room: (parts: { readonly room: string }) => Topic<Message> = topic("room", {
  room: String,
}).of<Message>();

export function message(text: string, more: Partial<Message> = {}): Message {
  return { id: text, room: "lobby", text, author: { id: "1", name: "Ada" }, ...more };
}

const author = new GraphQLObjectType({
  name: "Author",
  fields: { id: { type: new GraphQLNonNull(GraphQLID) }, name: { type: GraphQLString } },
});

export const messageType: GraphQLObjectType = new GraphQLObjectType({
  name: "Message",
  fields: {
    id: { type: new GraphQLNonNull(GraphQLID) },
    room: { type: GraphQLString },
    text: { type: GraphQLString },
    author: { type: author },
    mine: {
      type: GraphQLString,
      resolve: (source: Message, _args, context: { user?: string }) => `${context.user}:${source.text}`,
    },
    broken: {
      type: GraphQLString,
      resolve: () => {
        throw new GraphQLError("broken on purpose");
      },
    },
  },
});

export const messageAdded = {
  type: messageType,
  args: { room: { type: new GraphQLNonNull(GraphQLString) }, author: { type: GraphQLString } },
  ...subscription({
    topics: ({ room: name }: { room: string; author?: string }) => [room({ room: name })],
    filter: (event: Message, { author: wanted }) => wanted === undefined || event.author.name === wanted,
  }),
};

/** A schema of a chat with any subscription fields. */
export function chatSchema(fields: Record<string, GraphQLFieldConfig<unknown, { user?: string }>> = {}): GraphQLSchema {
  return new GraphQLSchema({
    query: new GraphQLObjectType({
      name: "Query",
      fields: { hi: { type: GraphQLString, resolve: () => "hello" } },
    }),
    mutation: new GraphQLObjectType({
      name: "Mutation",
      fields: {
        shout: {
          type: GraphQLString,
          args: { text: { type: GraphQLString } },
          resolve: (_, { text }) => String(text).toUpperCase(),
        },
      },
    }),
    subscription: new GraphQLObjectType({ name: "Subscription", fields: { messageAdded, ...fields } }),
  });
}
