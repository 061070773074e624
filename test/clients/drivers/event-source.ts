import { EventSource } from "eventsource";
import type { Connect, Driver, Observer, Result, Setup } from "../driver.ts";
import { shown, type GraphQLResult } from "./graphql-result.ts";
import { httpRequest, httpUrl } from "./http-request.ts";

/** An EventSource for each subscription, as a page of the same site makes them, with queries and mutations over HTTP. */
export const eventSource: Connect = async (setup) => new EventSourceDriver(setup);

/** An EventSource waits for three seconds, unless the stream says otherwise. */
const retryAtOnce = new TextEncoder().encode("retry: 0\n\n");

class EventSourceDriver implements Driver {
  readonly #setup: Setup;
  readonly #sources = new Set<EventSource>();

  constructor(setup: Setup) {
    this.#setup = setup;
  }

  query(query: string): Promise<Result> {
    return httpRequest(this.#setup.url, query);
  }

  mutate(mutation: string): Promise<Result> {
    return httpRequest(this.#setup.url, mutation);
  }

  subscribe(query: string, observer: Observer): () => void {
    const url = `${httpUrl(this.#setup.url)}?${new URLSearchParams({ query }).toString()}`;
    const source = new EventSource(url, { fetch: this.#fetch() });
    const close = (): void => {
      this.#sources.delete(source);
      source.close();
    };
    this.#sources.add(source);
    source.addEventListener("next", ({ data }) => {
      const result: GraphQLResult = JSON.parse(String(data));
      observer.next(shown(result));
    });
    // Who does not close it here asks again for ever (PROTOCOL 11.3).
    source.addEventListener("complete", () => {
      close();
      observer.complete();
    });
    source.addEventListener("error", ({ message = "" }) => {
      if (source.readyState === source.CLOSED) observer.error([message]);
    });
    return close;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const source of this.#sources) source.close();
  }

  /** What one EventSource connects by: it has no other means to send headers. Every browser sends the first of them. */
  #fetch(): (url: string | URL, init: RequestInit) => Promise<Response> {
    const { beforeRetry, params = {}, wire } = this.#setup;
    let again = false;
    return async (url, init) => {
      if (again) await beforeRetry?.();
      again = true;
      const headers = { "sec-fetch-site": "same-origin", ...headersOf(init), ...params };
      const response = await wire.fetch(url, { ...init, headers });
      const hurry = new TransformStream<Uint8Array, Uint8Array>({
        start: (controller) => controller.enqueue(retryAtOnce),
      });
      return new Response(response.body?.pipeThrough(hurry) ?? null, response);
    };
  }
}

function headersOf({ headers }: RequestInit): Readonly<Record<string, string>> {
  return Object.fromEntries(new Headers(headers));
}
