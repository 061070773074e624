import { createClient, type Client } from "graphql-sse";
import type { Connect, Driver, Observer, Result, Setup } from "../driver.ts";
import type { Wire } from "../wire.ts";
import { shown } from "./graphql-result.ts";
import { httpUrl } from "./http-request.ts";
import { messagesOf } from "./messages.ts";
import { singleResult } from "./single-result.ts";

/** graphql-sse as it comes: a response for each operation. There is no connection before the first. */
export const graphqlSseDistinct: Connect = async (setup) => new GraphqlSseDriver(createClient(optionsOf(setup)));

/** graphql-sse with one response for all operations, which stays when the last of them is over. */
export const graphqlSseSingle: Connect = async (setup) => {
  const { promise: connected, resolve, reject } = Promise.withResolvers<void>();
  const client = createClient<true>({
    ...optionsOf(setup),
    singleConnection: true,
    lazy: false,
    onNonLazyError: reject,
    on: { connected: () => resolve() },
  });
  await connected;
  return new GraphqlSseDriver(client);
};

interface SseOptions {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly fetchFn: Wire["fetch"];
  readonly retry: () => Promise<void>;
}

function optionsOf({ beforeRetry, params = {}, url, wire }: Setup): SseOptions {
  return { url: httpUrl(url), headers: { ...params }, fetchFn: wire.fetch, retry: async () => beforeRetry?.() };
}

class GraphqlSseDriver implements Driver {
  readonly #client: Pick<Client<boolean>, "subscribe" | "dispose">;

  constructor(client: Pick<Client<boolean>, "subscribe" | "dispose">) {
    this.#client = client;
  }

  query(query: string): Promise<Result> {
    return singleResult((observer) => this.subscribe(query, observer));
  }

  mutate(mutation: string): Promise<Result> {
    return singleResult((observer) => this.subscribe(mutation, observer));
  }

  subscribe(query: string, observer: Observer): () => void {
    return this.#client.subscribe(
      { query },
      {
        next: (result) => observer.next(shown(result)),
        error: (error) => observer.error(messagesOf(error)),
        complete: () => observer.complete(),
      },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.dispose();
  }
}
