import {
  DirectiveLocation,
  GraphQLDirective,
  GraphQLEnumType,
  GraphQLError,
  GraphQLID,
  GraphQLInt,
  GraphQLInterfaceType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  version,
  specifiedDirectives,
} from "graphql";
import { declare } from "fanfare";
import type { Topic } from "fanfare/declare";

/** As schemas of that time declare it themselves. */
const defer = new GraphQLDirective({ name: "defer", locations: [DirectiveLocation.INLINE_FRAGMENT] });

export interface Post {
  readonly __typename: "Post";
  readonly id: string;
  readonly text: string;
  readonly tags: readonly string[];
  readonly mood: "happy" | "sad";
  readonly author: Author;
  readonly related: readonly (Post | Author)[];
}

interface Author {
  readonly __typename: "Author";
  readonly id: string;
  readonly name: string | null;
}

/** What the schema shows of its server. */
export interface Counts {
  /** Subscriptions that became live. */
  live: number;
  /** Events that were executed, for however many. */
  executions: number;
}

/** What its mutations make the server do. */
export interface Deeds {
  publish(post: Post): Promise<void>;
  end(): Promise<void>;
}

const { subscription, topic } = declare<{ user?: string }>();

export const posts: () => Topic<Post> = topic<Post>("posts");

const ada: Author = { __typename: "Author", id: "a1", name: "Ada" };

export function post(id: string, text: string): Post {
  return {
    __typename: "Post",
    id,
    text,
    tags: ["new", text],
    mood: "happy",
    author: ada,
    related: [ada, { __typename: "Author", id: "a2", name: null }],
  };
}

const Node = new GraphQLInterfaceType({ name: "Node", fields: { id: { type: new GraphQLNonNull(GraphQLID) } } });

const Mood = new GraphQLEnumType({ name: "Mood", values: { HAPPY: { value: "happy" }, SAD: { value: "sad" } } });

const AuthorType = new GraphQLObjectType({
  name: "Author",
  interfaces: [Node],
  fields: { id: { type: new GraphQLNonNull(GraphQLID) }, name: { type: GraphQLString } },
});

const PostType = new GraphQLObjectType({
  name: "Post",
  interfaces: [Node],
  fields: {
    id: { type: new GraphQLNonNull(GraphQLID) },
    text: { type: GraphQLString, args: { short: { type: GraphQLInt } } },
    tags: { type: new GraphQLList(new GraphQLNonNull(GraphQLString)) },
    mood: { type: Mood },
    author: { type: AuthorType },
    related: { type: new GraphQLList(Node) },
    mine: { type: GraphQLString, resolve: ({ text }: Post, _, { user }: { user?: string }) => `${user}: ${text}` },
    broken: { type: GraphQLString, resolve: fail },
    needed: { type: new GraphQLNonNull(GraphQLString), resolve: fail },
  },
});

function fail(): never {
  throw new GraphQLError("broken on purpose");
}

/**
 * A schema with a little of everything. What happens in its server is asked for by queries, and made to happen by
 * mutations, so that a test needs nothing but a client.
 */
export function blogSchema(counts: Counts, does: Deeds): GraphQLSchema {
  return new GraphQLSchema({
    types: [AuthorType],
    directives: [...specifiedDirectives, defer],
    query: new GraphQLObjectType({
      name: "Query",
      fields: {
        version: { type: GraphQLString, resolve: () => version },
        live: { type: GraphQLInt, resolve: () => counts.live },
        executions: { type: GraphQLInt, resolve: () => counts.executions },
        double: {
          type: GraphQLInt,
          args: { of: { type: new GraphQLNonNull(GraphQLInt) } },
          resolve: (_, { of }: { of: number }) => 2 * of,
        },
      },
    }),
    mutation: new GraphQLObjectType({
      name: "Mutation",
      fields: {
        post: {
          type: PostType,
          args: { id: { type: new GraphQLNonNull(GraphQLID) }, text: { type: GraphQLString } },
          async resolve(_, { id, text = "" }: { id: string; text?: string }) {
            const posted = post(id, text);
            await does.publish(posted);
            return posted;
          },
        },
        end: { type: GraphQLInt, resolve: () => does.end() },
      },
    }),
    subscription: new GraphQLObjectType({
      name: "Subscription",
      fields: {
        posted: {
          type: PostType,
          args: { text: { type: GraphQLString } },
          ...subscription({
            topics: () => [posts()],
            filter: (event: Post, { text }: { text?: string }) => text === undefined || event.text === text,
          }),
        },
      },
    }),
  });
}
