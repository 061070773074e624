// The door of the WebSocket dialects, for the `dialects` option of createFanfare. Re-exports only.
export { graphqlSubscriptions, type GraphqlSubscriptionsOptions } from "./dialects/graphql-subscriptions.ts";
export { graphqlTransportWs, type GraphqlTransportWsOptions } from "./dialects/graphql-transport-ws.ts";
export { graphqlWs, type GraphqlWsOptions } from "./dialects/graphql-ws.ts";
