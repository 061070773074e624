import type { Fanfare } from "./fanfare.ts";
import { FetchExchange } from "./transports/exchange/fetch.ts";

export interface FetchHandlerOptions {
  /**
   * The client's network address, which a request of the Fetch standard does not have: from a header that a proxy
   * writes, or from what the runtime knows. Default: none, so that all clients together are held to the limits of one
   * address.
   */
  readonly address?: (request: Request) => string;
}

/** Answers a request: what Hono, Bun, Deno and others call `fetch`. Never rejects. */
export type FetchHandler = (request: Request) => Promise<Response>;

/**
 * Serves GraphQL to a runtime that speaks the Fetch standard: queries and mutations as JSON, and everything as
 * server-sent events, under the checks and limits of the other transports. The path is not looked at. A stream ends
 * when `request.signal` is aborted or the body of its response is cancelled.
 */
export function fetchHandler(fanfare: Pick<Fanfare, "http">, options: FetchHandlerOptions = {}): FetchHandler {
  const { address = () => "" } = options;
  return (request) =>
    new Promise((resolve) => fanfare.http.answer(new FetchExchange(request, address(request), resolve)));
}
