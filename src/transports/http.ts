import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpService } from "./http-exchange.ts";
import { httpService, type HttpServiceOptions } from "./http-service.ts";
import { NodeExchange } from "./node-exchange.ts";

export interface HttpOptions extends HttpServiceOptions {
  /** How many proxies in front of this server write `X-Forwarded-For`. Default 0: the header is not believed. */
  readonly trustProxy?: number | undefined;
}

/** Answers one request; also a middleware of Express and Connect. Never throws. */
export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * GraphQL over HTTP: queries by GET and POST, mutations by POST, as JSON. A subscription is answered with 406 unless it
 * asks for server-sent events, and they are served. The path is not looked at.
 *
 * Cross-origin access (CORS) is not its business: it sends no such header and answers OPTIONS with 405, so put it
 * behind a framework or proxy that grants it. Whatever was granted, a POST must carry JSON, and a GET must show that
 * no other site's page made the browser send it.
 *
 * Throws FanfareError BAD_OPTION for an origin that no browser would send.
 */
export function httpTransport(options: HttpOptions): HttpHandler {
  return nodeHandler(httpService(options), options.trustProxy);
}

/** Lets Node's HTTP server use a service. */
export function nodeHandler(service: HttpService, trustProxy: number = 0): HttpHandler {
  return (request, response) => service.answer(new NodeExchange(request, response, trustProxy));
}
