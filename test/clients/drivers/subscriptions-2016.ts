import { SubscriptionClient as Client053 } from "subscriptions-transport-ws-0.5.3/dist/client.js";
import { SubscriptionClient as Client054 } from "subscriptions-transport-ws-0.5.4/dist/client.js";
import { SubscriptionClient as Client055 } from "subscriptions-transport-ws-0.5.5/dist/client.js";
import { SubscriptionClient as Client060 } from "subscriptions-transport-ws-0.6.0/dist/client.js";
import type { Connect, Driver, Observer, Result, Setup } from "../driver.ts";
import type { Wire } from "../wire.ts";
import { httpRequest } from "./http-request.ts";

/** Called for each result; of an operation that has failed, for the last time with what was wrong. */
export type Handler2016 = (errors: readonly Error[] | null, data?: unknown) => void;

/** The client of subscriptions-transport-ws 0.5 and 0.6: what its versions have in common, as far as it matters here. */
export interface Client2016 {
  /** Its socket. */
  readonly client: Pick<WebSocket, "send" | "close">;
  /** Those that run, or wait to. */
  readonly subscriptions: Readonly<Record<string, { readonly handler: unknown }>>;
  subscribe(options: { query: string; variables?: object; context?: unknown }, handler: Handler2016): number;
  unsubscribe(id: number): void;
  close(): void;
}

export type Constructor2016 = new (
  url: string,
  options: {
    readonly reconnect?: boolean;
    readonly connectionParams?: Readonly<Record<string, string>>;
    readonly connectionCallback?: (error?: unknown) => void;
  },
  webSocketImpl: Wire["webSocket"],
) => Client2016;

/** Its versions: 0.5.3 sends what waits before it introduces itself, 0.5.4 is the one that S1 was tested with. */
export const clients2016: readonly { readonly version: string; readonly Client: Constructor2016 }[] = [
  { version: "0.5.3", Client: Client053 },
  { version: "0.5.4", Client: Client054 },
  { version: "0.5.5", Client: Client055 },
  { version: "0.6.0", Client: Client060 },
];

/** One of these clients, told to come back. Queries and mutations went over HTTP beside it. */
export function connect2016(Client: Constructor2016): Connect {
  return async (setup) => {
    const { promise: acknowledged, resolve, reject } = Promise.withResolvers<void>();
    const { params = {}, url, wire } = setup;
    const connectionCallback = (error?: unknown): void => (error === undefined ? resolve() : reject(error));
    const client = new Client(url, { reconnect: true, connectionParams: params, connectionCallback }, wire.webSocket);
    await acknowledged;
    return new Driver2016(client, setup);
  };
}

class Driver2016 implements Driver {
  readonly #client: Client2016;
  readonly #setup: Setup;

  constructor(client: Client2016, setup: Setup) {
    this.#client = client;
    this.#setup = setup;
  }

  query(query: string): Promise<Result> {
    return httpRequest(this.#setup.url, query);
  }

  mutate(mutation: string): Promise<Result> {
    return httpRequest(this.#setup.url, mutation);
  }

  subscribe(query: string, observer: Observer): () => void {
    const handler: Handler2016 = (errors, data = null) => {
      const messages = errors?.map(({ message }) => message);
      if (messages && data === null) void this.#tellErrors(messages, handler, observer);
      else observer.next({ data, ...(messages && { errors: messages }) });
    };
    const id = this.#client.subscribe({ query }, handler);
    return () => this.#client.unsubscribe(id);
  }

  /** It comes back even when it was closed by its own application. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#setup.wire.retire();
    this.#client.close();
  }

  /** Its handler is not told whether that was the end; the client forgets the subscription right after it. */
  async #tellErrors(errors: readonly string[], handler: Handler2016, observer: Observer): Promise<void> {
    await Promise.resolve();
    const goesOn = Object.values(this.#client.subscriptions).some((subscription) => subscription.handler === handler);
    if (goesOn) observer.next({ data: null, errors });
    else observer.error(errors);
  }
}
