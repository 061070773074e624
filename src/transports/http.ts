import type { IncomingMessage, ServerResponse } from "node:http";
import type { Log } from "../contract/log.ts";
import type { RequestEngine } from "../contract/request-engine.ts";
import type { JsonObject } from "../dialects/json.ts";
import { crossSiteHint, mayBeCrossSite } from "./cross-site.ts";
import { graphqlOverHttp } from "./graphql-over-http.ts";
import { readBody, type ParseJson } from "./http-body.ts";
import { problem, send, type HttpReply } from "./http-reply.ts";
import { OriginCheck, type OriginRule } from "./origin.ts";
import { peerOf } from "./peer.ts";

export interface HttpOptions {
  readonly engine: RequestEngine;
  readonly log: Log;
  /** Pages that may send queries by GET without a header of their own. Default: those of the server's own host. */
  readonly origin?: OriginRule | undefined;
  /** How many proxies in front of this server write `X-Forwarded-For`. Default 0: the header is not believed. */
  readonly trustProxy?: number | undefined;
  /** Parses bodies, and variables and extensions in a URL. What it calls a problem is answered with 400. */
  readonly parse: ParseJson;
}

/** Answers one request; also a middleware of Express and Connect. Never throws. */
export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * GraphQL over HTTP: queries by GET and POST, mutations by POST, as JSON. A subscription is answered with 406. The
 * path is not looked at.
 *
 * Cross-origin access (CORS) is not its business: it sends no such header and answers OPTIONS with 405, so put it
 * behind a framework or proxy that grants it. Whatever was granted, a POST must carry JSON, and a GET must show that
 * no other site's page made the browser send it.
 *
 * Throws FanfareError BAD_OPTION for an origin that no browser would send.
 */
export function httpTransport(options: HttpOptions): HttpHandler {
  const { engine, log, parse, trustProxy = 0 } = options;
  const origin = new OriginCheck(options.origin);
  const run = graphqlOverHttp(engine, parse);

  async function answer(request: IncomingMessage): Promise<HttpReply> {
    const { method = "", url = "", headers } = request;
    if (method === "GET" && mayBeCrossSite(headers, origin)) return problem(403, crossSiteHint);
    let body: JsonObject | null = null;
    if (method === "POST") {
      const read = await readBody(request, engine.maxBodyBytes, parse);
      if ("reply" in read) return read.reply;
      body = read.object;
    }
    const context = peerOf(request, trustProxy);
    return run({ method, url, headers, body, raw: request, context });
  }

  return (request, response) => {
    void answer(request).then(
      (reply) => send(response, reply),
      (error: unknown) => {
        // Before the end of its body, it is the client that went away.
        if (request.complete) log.error("An HTTP request failed", { error });
        send(response, problem(500, "Internal server error"));
      },
    );
  };
}
