import type { Client, Traits } from "./driver.ts";
import { apollo3GraphqlWs, apollo3WebSocket } from "./drivers/apollo-3.ts";
import { apollo4 } from "./drivers/apollo-4.ts";
import { eventSource } from "./drivers/event-source.ts";
import { graphqlSseDistinct, graphqlSseSingle } from "./drivers/graphql-sse.ts";
import { graphqlWs5, graphqlWs6 } from "./drivers/graphql-ws.ts";
import { relay } from "./drivers/relay.ts";
import { clients2016, connect2016 } from "./drivers/subscriptions-2016.ts";
import { transportWs011, transportWs09 } from "./drivers/subscriptions-transport-ws.ts";
import { urql } from "./drivers/urql.ts";

/** `graphql-transport-ws`. */
const graphqlTransportWs: Traits = {
  connections: "one",
  queries: "connection",
  introduction: "message",
  pings: true,
  unsubscribed: "client",
  left: "closed",
  resultErrors: "beside data",
  refusal: "error",
  hearsEnd: true,
};

/** `graphql-ws`, as subscriptions-transport-ws came to speak it. Its clients stop their operations before they go. */
const graphqlWs: Traits = { ...graphqlTransportWs, pings: false, left: "client", refusal: "result" };

/** `graphql-subscriptions`: subscriptions only, and no word for their end. */
const graphqlSubscriptions: Traits = { ...graphqlTransportWs, queries: "http", pings: false, hearsEnd: false };

/** Event streams with all operations in one response. */
const singleStream: Traits = { ...graphqlTransportWs, introduction: "header", pings: false, refusal: "result" };

/** Event streams of one operation each, which the end of the response ends. */
const distinctStreams: Traits = { ...singleStream, connections: "each", unsubscribed: "closed" };

/** Every client that is tried. */
export const clients: readonly Client[] = [
  { name: "graphql-ws 6", connect: graphqlWs6, traits: graphqlTransportWs },
  { name: "graphql-ws 5", connect: graphqlWs5, traits: graphqlTransportWs },
  { name: "Apollo Client 4", connect: apollo4, traits: graphqlTransportWs },
  { name: "Apollo Client 3 with GraphQLWsLink", connect: apollo3GraphqlWs, traits: graphqlTransportWs },
  { name: "Apollo Client 3 with WebSocketLink", connect: apollo3WebSocket, traits: graphqlWs },
  { name: "urql", connect: urql, traits: graphqlTransportWs },
  { name: "Relay", connect: relay, traits: { ...graphqlTransportWs, resultErrors: "none" } },
  { name: "subscriptions-transport-ws 0.11.0", connect: transportWs011, traits: graphqlWs },
  { name: "subscriptions-transport-ws 0.9.19", connect: transportWs09, traits: graphqlWs },
  ...clients2016.map(({ version, Client }) => ({
    name: `subscriptions-transport-ws ${version}`,
    connect: connect2016(Client),
    traits: { ...graphqlSubscriptions, ...(version === "0.5.3" && { resultErrors: "in place of data" as const }) },
  })),
  { name: "graphql-sse 2 with a single connection", connect: graphqlSseSingle, traits: singleStream },
  { name: "graphql-sse 2 with distinct connections", connect: graphqlSseDistinct, traits: distinctStreams },
  { name: "EventSource", connect: eventSource, traits: { ...distinctStreams, queries: "http" } },
];
