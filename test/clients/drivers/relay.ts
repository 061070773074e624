import { createClient, type Client, type FormattedExecutionResult } from "graphql-ws";
import {
  commitMutation,
  Environment,
  fetchQuery,
  Network,
  Observable,
  RecordSource,
  requestSubscription,
  Store,
  type GraphQLResponse,
  type PayloadData,
  type RequestParameters,
  type Variables,
} from "relay-runtime";
import type { Connect, Driver, Observer, Result } from "../driver.ts";
import { acknowledged } from "./acknowledged.ts";
import { messagesOf } from "./messages.ts";
import { relayRequest } from "./relay-request.ts";

/** Relay, with the network layer that the documentation of graphql-ws shows. */
export const relay: Connect = async (setup) => new RelayDriver(await acknowledged(createClient, setup));

class RelayDriver implements Driver {
  readonly #socket: Client;
  readonly #environment: Environment;

  constructor(socket: Client) {
    this.#socket = socket;
    const run = ({ name, text }: RequestParameters, variables: Variables) =>
      Observable.create<GraphQLResponse>((sink) =>
        socket.subscribe<PayloadData>(
          { operationName: name, query: text ?? "", variables },
          { ...sink, next: (result) => sink.next(responseOf(result)) },
        ),
      );
    this.#environment = new Environment({ network: Network.create(run, run), store: new Store(new RecordSource()) });
  }

  async query(query: string): Promise<Result> {
    return { data: await fetchQuery(this.#environment, relayRequest(query), {}).toPromise() };
  }

  mutate(text: string): Promise<Result> {
    return new Promise((resolve, reject) => {
      commitMutation(this.#environment, {
        mutation: relayRequest(text),
        variables: {},
        onCompleted: (data) => resolve({ data }),
        onError: reject,
      });
    });
  }

  subscribe(text: string, observer: Observer): () => void {
    const { dispose } = requestSubscription(this.#environment, {
      subscription: relayRequest(text),
      variables: {},
      onNext: (data) => observer.next({ data }),
      onError: (error) => observer.error(messagesOf(error)),
      onCompleted: () => observer.complete(),
    });
    return dispose;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#socket.dispose();
  }
}

/** The same result; only the types of the two differ. */
function responseOf({ data, errors = [] }: FormattedExecutionResult<PayloadData, unknown>): GraphQLResponse {
  const told = errors.map(({ message }) => ({ message }));
  return data ? { data, ...(told.length > 0 && { errors: told }) } : { errors: told };
}
