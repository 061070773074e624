import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpService } from "../exchange/exchange.ts";
import { NodeExchange } from "../exchange/node.ts";

/** Answers one request; also a middleware of Express and Connect. Never throws. */
export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Lets Node's HTTP server use a service. Apart from it, since what `fetch` serves needs nothing of Node.
 *
 * @param trustProxy how many proxies in front of this server write `X-Forwarded-For`. Default 0: the header is not
 *   believed.
 */
export function nodeHandler(service: HttpService, trustProxy: number = 0): HttpHandler {
  return (request, response) => service.answer(new NodeExchange(request, response, trustProxy));
}
