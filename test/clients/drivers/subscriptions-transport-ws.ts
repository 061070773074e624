import { SubscriptionClient as Client011 } from "subscriptions-transport-ws/dist/client.js";
import { SubscriptionClient as Client09 } from "subscriptions-transport-ws-0.9/dist/client.js";
import type { Connect, Driver, Observer, Result, Setup } from "../driver.ts";
import type { Wire } from "../wire.ts";
import { shown, type GraphQLResult } from "./graphql-result.ts";
import { messagesOf } from "./messages.ts";
import { singleResult } from "./single-result.ts";

/** The client of subscriptions-transport-ws from 0.7 on: what its versions have in common, as far as it matters here. */
export interface TransportClient {
  request(operation: { query: string }): {
    subscribe(observer: { next(result: GraphQLResult): void; error(error: Error): void; complete(): void }): {
      unsubscribe(): void;
    };
  };
  close(): void;
}

type Constructor<Client> = new (
  url: string,
  options: {
    readonly reconnect: boolean;
    readonly connectionParams: Readonly<Record<string, string>>;
    readonly connectionCallback: (error?: unknown) => void;
  },
  webSocketImpl: Wire["webSocket"],
) => Client;

export const transportWs09: Connect = async (setup) => new TransportDriver(await toldToReturn(Client09, setup));

export const transportWs011: Connect = async (setup) => new TransportDriver(await toldToReturn(Client011, setup));

/** Makes a client of subscriptions-transport-ws that comes back, and resolves with it when it was acknowledged. */
export async function toldToReturn<Client>(
  Client: Constructor<Client>,
  { params = {}, url, wire }: Setup,
): Promise<Client> {
  const { promise: acknowledged, resolve, reject } = Promise.withResolvers<void>();
  const connectionCallback = (error?: unknown): void => (error === undefined ? resolve() : reject(error));
  const client = new Client(url, { reconnect: true, connectionParams: params, connectionCallback }, wire.webSocket);
  await acknowledged;
  return client;
}

class TransportDriver implements Driver {
  readonly #client: TransportClient;

  constructor(client: TransportClient) {
    this.#client = client;
  }

  query(query: string): Promise<Result> {
    return singleResult((observer) => this.subscribe(query, observer));
  }

  mutate(mutation: string): Promise<Result> {
    return singleResult((observer) => this.subscribe(mutation, observer));
  }

  subscribe(query: string, observer: Observer): () => void {
    const subscription = this.#client.request({ query }).subscribe({
      next: (result) => observer.next(shown(result)),
      error: (error) => observer.error(messagesOf(error)),
      complete: () => observer.complete(),
    });
    return () => subscription.unsubscribe();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
  }
}
