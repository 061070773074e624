import type { Wire } from "./wire.ts";

/** A result as the client hands it to the application; of its errors the messages. */
export interface Result {
  readonly data: unknown;
  readonly errors?: readonly string[];
}

/** What an application hears of a subscription. */
export interface Observer {
  next(result: Result): void;
  /** The subscription is over; messages of what was wrong. */
  error(messages: readonly string[]): void;
  complete(): void;
}

/** How a client is set up. Everything else of it is as it comes. */
export interface Setup {
  readonly url: string;
  /** What it introduces itself with. */
  readonly params?: Readonly<Record<string, string>>;
  /** Its connections. */
  readonly wire: Wire;
  /** Milliseconds between two pings that it sends by itself. Default: none. */
  readonly pingEvery?: number;
  /** Called when a ping of its own was answered. */
  readonly ponged?: () => void;
  /** What it waits for before it connects again, in place of some seconds. Default: nothing. */
  readonly beforeRetry?: () => Promise<void>;
}

/** A client of npm in words that all clients share. Disposal closes it. */
export interface Driver extends AsyncDisposable {
  query(query: string): Promise<Result>;
  mutate(mutation: string): Promise<Result>;
  /** Answers the function that unsubscribes. */
  subscribe(subscription: string, observer: Observer): () => void;
}

/** Makes a client, and resolves when the server has acknowledged it: at once if it connects with its operations. */
export type Connect = (setup: Setup) => Promise<Driver>;

/** What a client's protocol has, and what its application is shown: facts that no server can change. */
export interface Traits {
  /** One connection for all operations, or one for each of them. */
  readonly connections: "one" | "each";
  /** Queries and mutations go by the connection, or by HTTP beside it. */
  readonly queries: "connection" | "http";
  /** It introduces itself by a message, or by headers of its requests. */
  readonly introduction: "message" | "header";
  /** It can send pings of its own. */
  readonly pings: boolean;
  /** How an operation that is unsubscribed ends for the server: by a message, or with its connection. */
  readonly unsubscribed: "client" | "closed";
  /** How operations end for the server when the client leaves. */
  readonly left: "client" | "closed";
  /** Errors of a result are shown beside its data, or in place of it, or not at all. */
  readonly resultErrors: "beside data" | "in place of data" | "none";
  /** An operation that cannot be run is shown as an error, or as a result and the end. */
  readonly refusal: "error" | "result";
  /** The application hears of it when the server ends its subscription. */
  readonly hearsEnd: boolean;
}

export interface Client {
  readonly name: string;
  readonly connect: Connect;
  readonly traits: Traits;
}
