import { GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString, type GraphQLFieldConfig } from "graphql";

const string = { type: new GraphQLNonNull(GraphQLString) };

const user = new GraphQLObjectType({ name: "User", fields: { id: string, name: string } });

const message = new GraphQLObjectType({
  name: "Message",
  fields: {
    id: string,
    room: string,
    text: string,
    author: { type: new GraphQLNonNull(user) },
    sentAt: string,
  },
});

type Field = GraphQLFieldConfig<unknown, unknown>;

/** The one schema, with the resolvers of a server. */
export function schemaWith(resolvers: Pick<Field, "subscribe" | "resolve" | "extensions">): GraphQLSchema {
  const messageAdded: Field = {
    type: new GraphQLNonNull(message),
    args: { room: string },
    ...resolvers,
  };
  return new GraphQLSchema({
    query: new GraphQLObjectType({ name: "Query", fields: { hi: { type: GraphQLString } } }),
    subscription: new GraphQLObjectType({ name: "Subscription", fields: { messageAdded } }),
  });
}
