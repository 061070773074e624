import { ApolloClient, ApolloError, gql, InMemoryCache, type ApolloLink } from "apollo-client-3/core/index.js";
import { GraphQLWsLink } from "apollo-client-3/link/subscriptions/index.js";
import { WebSocketLink } from "apollo-client-3/link/ws/index.js";
import { createClient } from "graphql-ws";
import { SubscriptionClient } from "subscriptions-transport-ws";
import type { Connect, Driver, Observer, Result } from "../driver.ts";
import { acknowledged } from "./acknowledged.ts";
import { shown } from "./graphql-result.ts";
import { messagesOf } from "./messages.ts";
import { toldToReturn } from "./subscriptions-transport-ws.ts";

/** Apollo Client 3 with its link to graphql-ws. */
export const apollo3GraphqlWs: Connect = async (setup) => {
  const socket = await acknowledged(createClient, setup);
  return new Apollo3Driver(new GraphQLWsLink(socket), () => socket.dispose());
};

/** Apollo Client 3 with the older link, to subscriptions-transport-ws 0.11. */
export const apollo3WebSocket: Connect = async (setup) => {
  const socket = await toldToReturn(SubscriptionClient, setup);
  return new Apollo3Driver(new WebSocketLink(socket), () => socket.close());
};

/** It shows data and errors of one result together only when it is asked to. */
const errorPolicy = "all";

class Apollo3Driver implements Driver {
  readonly #client: ApolloClient<object>;
  readonly #close: () => void | Promise<void>;

  constructor(link: ApolloLink, close: () => void | Promise<void>) {
    this.#client = new ApolloClient({ link, cache: new InMemoryCache() });
    this.#close = close;
  }

  async query(query: string): Promise<Result> {
    return shown(await this.#client.query<unknown>({ query: gql(query), errorPolicy, fetchPolicy: "network-only" }));
  }

  async mutate(mutation: string): Promise<Result> {
    return shown(await this.#client.mutate<unknown>({ mutation: gql(mutation), errorPolicy }));
  }

  subscribe(query: string, observer: Observer): () => void {
    const subscription = this.#client.subscribe<unknown>({ query: gql(query), errorPolicy }).subscribe({
      next: (result) => observer.next(shown(result)),
      error: (error: unknown) => observer.error(messagesOf(error instanceof ApolloError ? error.graphQLErrors : error)),
      complete: () => observer.complete(),
    });
    return () => subscription.unsubscribe();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.stop();
    await this.#close();
  }
}
