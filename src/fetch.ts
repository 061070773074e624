import { checkArgument, checkOptions } from "./base/option-check.ts";
import { aFunction, must, propertyOf, type Rule, type RulesOf } from "./base/rule.ts";
import type { Fanfare } from "./fanfare.ts";
import { FetchExchange } from "./transports/exchange/fetch.ts";

/** Options of {@link fetchHandler}. */
export interface FetchHandlerOptions {
  /**
   * Gives the client's network address, which a Fetch `Request` does not have: from a header of a trusted proxy, or
   * from the runtime. Default: the empty string for each client, so that the limits per address hold for all clients
   * together.
   */
  readonly address?: (request: Request) => string;
}

const rules: RulesOf<FetchHandlerOptions> = { address: aFunction() };

const aFanfare: Rule = must(
  "a Fanfare, which createFanfare() returns",
  (value) => typeof propertyOf(propertyOf(value, "service"), "answer") === "function",
);

/** Answers a request, with the signature of `fetch` in Hono, Bun, Deno and others. Never rejects. */
export type FetchHandler = (request: Request) => Promise<Response>;

/**
 * Serves GraphQL to a runtime of the Fetch standard: queries and mutations as JSON, operations of any kind as
 * server-sent events, under the checks and limits of the other transports. The request's path is ignored. An event
 * stream ends when `request.signal` aborts or the response's body is cancelled.
 *
 * @throws FanfareError BAD_OPTION for anything but a Fanfare, and for an option that is unknown or not allowed.
 */
export function fetchHandler(fanfare: Pick<Fanfare, "service">, options: FetchHandlerOptions = {}): FetchHandler {
  checkArgument("fetchHandler", "fanfare", fanfare, aFanfare);
  checkOptions("fetchHandler", options, rules);
  const { address = () => "" } = options;
  return (request) =>
    new Promise((resolve) => fanfare.service.answer(new FetchExchange(request, address(request), resolve)));
}
