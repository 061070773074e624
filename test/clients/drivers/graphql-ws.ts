import { createClient as createClient6 } from "graphql-ws";
import { createClient as createClient5 } from "graphql-ws-5";
import type { Connect, Driver, Observer, Result } from "../driver.ts";
import { acknowledged } from "./acknowledged.ts";
import { messagesOf } from "./messages.ts";

/** A result as both versions of graphql-ws hand it out. */
interface GraphqlWsResult {
  readonly data?: unknown;
  readonly errors?: readonly { readonly message: string }[];
}

/** The part of its client that both versions have. */
interface GraphqlWsClient {
  subscribe(
    payload: { query: string },
    sink: { next(result: GraphqlWsResult): void; error(error: unknown): void; complete(): void },
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
    return this.#execute(query);
  }

  mutate(mutation: string): Promise<Result> {
    return this.#execute(mutation);
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

  #execute(query: string): Promise<Result> {
    return new Promise((resolve, reject) => {
      let result: Result = { data: undefined };
      this.subscribe(query, {
        next: (found) => (result = found),
        error: (messages) => reject(new Error(messages.join("; "))),
        complete: () => resolve(result),
      });
    });
  }
}

function shown({ data, errors }: GraphqlWsResult): Result {
  return { data, ...(errors && { errors: errors.map(({ message }) => message) }) };
}
