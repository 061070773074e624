import { Client, subscriptionExchange, type CombinedError, type OperationResult } from "@urql/core";
import { createClient, type Client as GraphqlWsClient } from "graphql-ws";
import { onEnd, pipe, subscribe } from "wonka";
import type { Connect, Driver, Observer, Result } from "../driver.ts";
import { acknowledged } from "./acknowledged.ts";
import { messagesOf } from "./messages.ts";

/** urql, as its documentation joins it with graphql-ws, with queries and mutations on the socket too. */
export const urql: Connect = async (setup) => new UrqlDriver(setup.url, await acknowledged(createClient, setup));

class UrqlDriver implements Driver {
  readonly #socket: GraphqlWsClient;
  readonly #client: Client;

  constructor(url: string, socket: GraphqlWsClient) {
    this.#socket = socket;
    this.#client = new Client({
      url,
      preferGetMethod: false,
      exchanges: [
        subscriptionExchange({
          enableAllOperations: true,
          forwardSubscription: ({ query = "", variables }) => ({
            subscribe: (sink) => ({
              unsubscribe: socket.subscribe(
                { query, variables },
                {
                  next: ({ data = null, errors }) => sink.next(errors ? { data, errors: [...errors] } : { data }),
                  error: (error) => sink.error(error),
                  complete: () => sink.complete(),
                },
              ),
            }),
          }),
        }),
      ],
    });
  }

  async query(query: string): Promise<Result> {
    return shown(await this.#client.query(query, {}).toPromise());
  }

  async mutate(mutation: string): Promise<Result> {
    return shown(await this.#client.mutation(mutation, {}).toPromise());
  }

  /** After a `complete` urql hands out the last result once more, with `hasNext: false`. */
  subscribe(query: string, observer: Observer): () => void {
    const subscribed = pipe(
      this.#client.subscription(query, {}),
      onEnd(() => observer.complete()),
      subscribe((result) => {
        if (result.error && result.data == null) observer.error(messages(result.error));
        else if (result.hasNext) observer.next(shown(result));
      }),
    );
    return () => subscribed.unsubscribe();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#socket.dispose();
  }
}

function shown({ data, error }: OperationResult): Result {
  return { data, ...(error && { errors: messages(error) }) };
}

function messages({ graphQLErrors, networkError }: CombinedError): readonly string[] {
  return networkError ? messagesOf(networkError) : graphQLErrors.map(({ message }) => message);
}
