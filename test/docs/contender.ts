import { EventEmitter, once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import {
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  execute,
  subscribe,
  validate,
  type GraphQLFieldConfig,
  type GraphQLOutputType,
} from "graphql";
import { PubSub } from "graphql-subscriptions";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";
import { createFanfare, declare, shareable, silentLog } from "fanfare";

/** A server of the comparison, with one subscription field `news` and a query that nests and fails as one likes. */
export interface Contender extends AsyncDisposable {
  readonly url: string;
  /** How often a resolver below the subscription field ran. */
  readonly executions: number;
  publish(text: string): Promise<void>;
}

/** What a resolver says that fails by accident. */
export const secret = "relation users_2019 does not exist";

/** graphql-ws on ws, with the PubSub of graphql-subscriptions: put together as their documents show. */
export async function usualAssembly(): Promise<Contender> {
  const pubsub = new PubSub({ eventEmitter: new EventEmitter().setMaxListeners(0) });
  let executions = 0;
  const schema = schemaOf(
    { subscribe: () => pubsub.asyncIterableIterator("news"), resolve: (event: unknown) => event },
    () => (executions += 1),
  );
  const http = createServer();
  const sockets = new WebSocketServer({ server: http, path: "/graphql" });
  // Its defaults come from a second copy of graphql in this process, which does not know our schema.
  const serving = useServer({ schema, execute, subscribe, validate }, sockets);
  return {
    url: await listen(http),
    get executions() {
      return executions;
    },
    publish: (text) => pubsub.publish("news", { text }),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets.clients) socket.terminate();
      await serving.dispose();
      http.close();
    },
  };
}

export async function fanfareItself(): Promise<Contender> {
  const { subscription, topic } = declare();
  const news = topic<{ text: string }>("news");
  let executions = 0;
  const schema = schemaOf(subscription({ topics: () => [news()] }), () => (executions += 1));
  const fanfare = createFanfare({ schema, log: silentLog });
  const streams = new Set<IncomingMessage["socket"]>();
  const http = createServer();
  http.on("connection", (stream) => streams.add(stream));
  fanfare.attach(http);
  return {
    url: await listen(http),
    get executions() {
      return executions;
    },
    publish: (text) => fanfare.publish(news(), { text }),
    async [Symbol.asyncDispose]() {
      for (const stream of streams) stream.destroy();
      await fanfare[Symbol.asyncDispose]();
      http.close();
    },
  };
}

function schemaOf(
  field: Pick<GraphQLFieldConfig<unknown, unknown>, "subscribe" | "resolve">,
  executed: () => void,
): GraphQLSchema {
  const text = shareable((event: { text: string }) => {
    executed();
    return event.text;
  });
  const News = new GraphQLObjectType({ name: "News", fields: { text: { type: GraphQLString, resolve: text } } });
  const Nest: GraphQLOutputType = new GraphQLNonNull(
    new GraphQLObjectType({
      name: "Nest",
      fields: () => ({
        nest: { type: Nest, resolve: () => ({}) },
        broken: {
          type: GraphQLString,
          resolve: () => {
            throw new Error(secret);
          },
        },
      }),
    }),
  );
  return new GraphQLSchema({
    query: new GraphQLObjectType({ name: "Query", fields: { nest: { type: Nest, resolve: () => ({}) } } }),
    subscription: new GraphQLObjectType({ name: "Subscription", fields: { news: { type: News, ...field } } }),
  });
}

async function listen(server: ReturnType<typeof createServer>): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address: AddressInfo | string | null = server.address();
  return `ws://127.0.0.1:${typeof address === "object" ? address?.port : ""}/graphql`;
}
