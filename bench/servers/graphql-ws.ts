// The usual assembly: graphql-ws over ws, graphql-subscriptions, one topic per room. It runs on graphql 16, see graphql-16.ts.
import { createServer } from "node:http";
import { EventEmitter } from "node:events";
import { PubSub } from "graphql-subscriptions";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";
import type { Message } from "../message.ts";
import { schemaWith } from "../schema.ts";
import { control, listen } from "./control.ts";

const pubsub = new PubSub<Record<string, { messageAdded: Message }>>({
  eventEmitter: new EventEmitter().setMaxListeners(0),
});
const schema = schemaWith({
  subscribe: (_, { room }: { room: string }) => pubsub.asyncIterableIterator(room),
});

const http = createServer();
useServer({ schema }, new WebSocketServer({ server: http, path: "/graphql", perMessageDeflate: false }));
control({
  port: await listen(http),
  publish: (room, messageAdded) => void pubsub.publish(room, { messageAdded }),
});
