import {
  GraphQLBoolean,
  GraphQLEnumType,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLString,
  type GraphQLNamedType,
} from "graphql";

export const operationType: GraphQLEnumType = new GraphQLEnumType({
  name: "StreamOperation",
  values: { SUBSCRIBE: {}, UNSUBSCRIBE: {} },
});

export const actionType: GraphQLEnumType = new GraphQLEnumType({
  name: "StreamAction",
  values: { CREATE: {}, UPDATE: {}, DELETE: {}, ALL_ACTIONS: {} },
});

export const resultType: GraphQLObjectType = new GraphQLObjectType({
  name: "StreamResult",
  description: "What became of a request to subscribe or to unsubscribe. Notifications come by the channel.",
  fields: {
    ok: { type: new GraphQLNonNull(GraphQLBoolean) },
    error: { type: GraphQLString },
    stream: { type: GraphQLString },
    operation: { type: operationType },
    action: { type: actionType },
  },
});

/** The types of a stream's field, which all models share. */
export const streamTypes: readonly GraphQLNamedType[] = [operationType, actionType, resultType];
