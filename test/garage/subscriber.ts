import { createClient, type Client, type FormattedExecutionResult } from "graphql-ws";
import { WebSocket } from "ws";

type Result = Pick<FormattedExecutionResult, "data" | "errors">;

/** Runs a query or a mutation by HTTP. */
export async function request(url: string, query: string, variables: object = {}): Promise<Result> {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query, variables }),
  });
  return JSON.parse(await response.text());
}

/** The stock client on a connection of its own, which it does not open a second time. */
export class Subscriber implements AsyncDisposable {
  /** Resolves with the code of the connection's end. */
  readonly closed: Promise<number>;
  readonly #client: Client;

  constructor(url: string) {
    const closed = Promise.withResolvers<number>();
    this.closed = closed.promise;
    this.#client = createClient({
      url: `${url.replace("http", "ws")}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      on: {
        closed: (event) => {
          if (typeof event === "object" && event !== null && "code" in event) closed.resolve(Number(event.code));
        },
      },
    });
  }

  /** Answers when the subscription is live: the garage starts what comes after it on this connection after it. */
  async subscribe(query: string): Promise<AsyncIterableIterator<unknown>> {
    const events = this.#client.iterate({ query });
    // The client loses an error that comes before somebody waits for it.
    const first = events.next();
    first.catch(() => undefined);
    for await (const _ of this.#client.iterate({ query: "{ hi }" }));
    return valuesOf(first, events);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.dispose();
  }
}

/** What each result has to say: its data, or its errors. */
async function* valuesOf(
  first: Promise<IteratorResult<Result>>,
  rest: AsyncIterator<Result>,
): AsyncIterableIterator<unknown> {
  for (let result = await first; !result.done; result = await rest.next()) {
    yield result.value.errors ?? result.value.data;
  }
}

/** The next event of a subscription. */
export async function next(events: AsyncIterator<unknown>): Promise<unknown> {
  const { value, done } = await events.next();
  if (done) throw new Error("The subscription has ended");
  return value;
}
