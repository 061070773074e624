import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpService } from "../exchange/exchange.ts";
import { NodeExchange } from "../exchange/node.ts";

/** A listener of Node's `request` event, and a middleware of Express and Connect. Never throws. */
export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Adapts a service to Node's HTTP server. It is apart from the service, which must not import Node's modules, since
 * `fetch` uses it in other runtimes.
 *
 * @param trustProxy the number of proxies in front of this server whose `X-Forwarded-For` is trusted. Default: 0, none.
 */
export function nodeHandler(service: HttpService, trustProxy: number = 0): HttpHandler {
  return (request, response) => service.answer(new NodeExchange(request, response, trustProxy));
}
