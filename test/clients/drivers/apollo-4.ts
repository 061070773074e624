import { ApolloClient, CombinedGraphQLErrors, gql, InMemoryCache, type ErrorLike } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { createClient, type Client as GraphqlWsClient } from "graphql-ws";
import type { Connect, Driver, Observer, Result } from "../driver.ts";
import { acknowledged } from "./acknowledged.ts";
import { messagesOf } from "./messages.ts";

/** Apollo Client with its own link to graphql-ws. */
export const apollo4: Connect = async (setup) => new Apollo4Driver(await acknowledged(createClient, setup));

/** It shows data and errors of one result together only when it is asked to. */
const errorPolicy = "all";

class Apollo4Driver implements Driver {
  readonly #socket: GraphqlWsClient;
  readonly #client: ApolloClient;

  constructor(socket: GraphqlWsClient) {
    this.#socket = socket;
    this.#client = new ApolloClient({ link: new GraphQLWsLink(socket), cache: new InMemoryCache() });
  }

  async query(query: string): Promise<Result> {
    const { data, error } = await this.#client.query({ query: gql(query), errorPolicy, fetchPolicy: "network-only" });
    return shown(data, error);
  }

  async mutate(mutation: string): Promise<Result> {
    const { data, error } = await this.#client.mutate({ mutation: gql(mutation), errorPolicy });
    return shown(data, error);
  }

  /** What ends the operation comes as a last result without data. */
  subscribe(query: string, observer: Observer): () => void {
    const subscription = this.#client.subscribe({ query: gql(query), errorPolicy }).subscribe({
      next: ({ data, error }) => {
        if (error && data == null) observer.error(messages(error));
        else observer.next(shown(data, error));
      },
      error: (error: unknown) => observer.error(messagesOf(error)),
      complete: () => observer.complete(),
    });
    return () => subscription.unsubscribe();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.stop();
    await this.#socket.dispose();
  }
}

function shown(data: unknown, error: ErrorLike | undefined): Result {
  return { data, ...(error && { errors: messages(error) }) };
}

function messages(error: ErrorLike): readonly string[] {
  return messagesOf(CombinedGraphQLErrors.is(error) ? error.errors : error);
}
