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
  readonly params?: Readonly<Record<string, unknown>>;
  /** Its connections. */
  readonly wire: Wire;
  /** Milliseconds between two pings that it sends by itself. Default: none. */
  readonly pingEvery?: number;
  /** Called when a ping of its own was answered. */
  readonly ponged?: () => void;
  /** What it waits for before it connects again, in place of some seconds. Default: nothing. */
  readonly beforeRetry?: () => Promise<void>;
}

/** A client of npm that is connected and was acknowledged, in words that all clients share. Disposal closes it. */
export interface Driver extends AsyncDisposable {
  query(query: string): Promise<Result>;
  mutate(mutation: string): Promise<Result>;
  /** Answers the function that unsubscribes. */
  subscribe(subscription: string, observer: Observer): () => void;
}

/** Makes a client, and resolves when the server has acknowledged it. */
export type Connect = (setup: Setup) => Promise<Driver>;
