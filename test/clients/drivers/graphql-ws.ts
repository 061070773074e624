import { createClient as createClient6 } from "graphql-ws";
import { createClient as createClient5 } from "graphql-ws-5";
import type { Connect, Driver, Observer, Result } from "../driver.ts";
import { acknowledged } from "./acknowledged.ts";
import { shown, type GraphQLResult } from "./graphql-result.ts";
import { messagesOf } from "./messages.ts";
import { singleResult } from "./single-result.ts";

/** The part of its client that both versions have. */
interface GraphqlWsClient {
  subscribe(
    payload: { query: string },
    sink: { next(result: GraphQLResult): void; error(error: unknown): void; complete(): void },
  ): () => void;
  dispose(): void | Promise<void>;
}

export const graphqlWs6: Connect = async (setup) => new GraphqlWsDriver(await acknowledged(createClient6, setup));

export const graphqlWs5: Connect = async (setup) => new GraphqlWsDriver(await acknowledged(createClient5, setup));

class GraphqlWsDriver implements Driver {
  readonly #client: GraphqlWsClient;

  constructor(client: GraphqlWsClient) {
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
    await this.#client.dispose();
  }
}
