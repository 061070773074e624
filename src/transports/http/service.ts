import { getOperationAST } from "graphql";
import type { JsonObject } from "../../base/json.ts";
import type { Log } from "../../contract/log.ts";
import type { RequestEngine } from "../../contract/request-engine.ts";
import type { EventStreams } from "../event-stream/event-stream.ts";
import type { HttpExchange, HttpService } from "../exchange/exchange.ts";
import { problem, type HttpReply } from "../exchange/reply.ts";
import { crossSiteHint, mayBeCrossSite, OriginCheck, type OriginRule } from "../origin.ts";
import { readBody, searchOf, searchPayload, type HttpBody, type ParseJson } from "./body.ts";
import { graphqlOverHttp } from "./graphql-over-http.ts";

/** Options of {@link httpService}. */
export interface HttpServiceOptions {
  readonly engine: RequestEngine;
  readonly log: Log;
  /** Origins that may send GET requests without a preflight header. Default: the server's own host. */
  readonly origin?: OriginRule | undefined;
  /** Parses bodies, and `variables` and `extensions` of a URL. A problem is answered with status 400. */
  readonly parse: ParseJson;
  /** Serves server-sent events. Default: none. */
  readonly streams?: EventStreams | undefined;
}

/**
 * GraphQL over HTTP: queries by GET and POST and mutations by POST, as JSON; with `streams`, all operations as
 * server-sent events. A subscription without `Accept: text/event-stream` is answered with 406. The path is ignored.
 *
 * It does not support CORS: it sends no such header and answers OPTIONS with 405. For cross-origin access, put it
 * behind a framework or proxy. Against CSRF, a POST always has to carry JSON, and a GET has to prove that it is not a
 * cross-site request.
 *
 * @throws FanfareError BAD_OPTION for an origin that no browser sends.
 */
export function httpService(options: HttpServiceOptions): HttpService {
  return new Answers(options);
}

const tokenHeader = "x-graphql-event-stream-token";
const streamType = "text/event-stream";
const jsonTypes = ["application/graphql-response+json", "application/json", "application/*", "*/*"];

class Answers implements HttpService {
  readonly #options: HttpServiceOptions;
  readonly #origin: OriginCheck;
  readonly #run: ReturnType<typeof graphqlOverHttp>;

  constructor(options: HttpServiceOptions) {
    this.#options = options;
    this.#origin = new OriginCheck(options.origin);
    this.#run = graphqlOverHttp(options.engine, options.parse);
  }

  answer(exchange: HttpExchange): void {
    void this.#answer(exchange).then(
      (reply) => reply && exchange.reply(reply),
      (error: unknown) => {
        // If the client disconnected before the end of its body, that is the error.
        if (!exchange.abandoned) this.#options.log.error("An HTTP request failed", { error });
        exchange.reply(problem(500, "Internal server error"));
      },
    );
  }

  /** The response to a request; undefined if its stream responds. */
  async #answer(exchange: HttpExchange): Promise<HttpReply | undefined> {
    const { streams } = this.#options;
    if (!streams) return this.#json(exchange);
    const { headers, method } = exchange;
    const search = searchOf(exchange.url);
    const token = exchange.peer.header(tokenHeader) ?? search.get("token");
    const wish = streamWish(headers.accept);
    if (method === "PUT") return streams.reserve(exchange);
    if (method === "DELETE") return streams.stop(exchange, token ?? "", search.get("operationId"));
    // The token doubles as a CSRF token: a page of another site does not know it.
    if (method === "GET" && wish === "first" && token !== null) return streams.open(exchange, token);
    if (method === "POST" && token !== null) return this.#start(streams, exchange, token);
    return wish === "none" ? this.#json(exchange) : this.#stream(streams, exchange, wish);
  }

  /** Starts an operation on an open stream (single connection mode). */
  async #start(streams: EventStreams, exchange: HttpExchange, token: string): Promise<HttpReply> {
    const body = await this.#body(exchange);
    return "reply" in body ? body.reply : streams.start(exchange, token, body);
  }

  /** Answers an operation by a stream (distinct connections mode), or by JSON. */
  async #stream(streams: EventStreams, exchange: HttpExchange, wish: "first" | "also"): Promise<HttpReply | undefined> {
    const { method } = exchange;
    if (method !== "GET" && method !== "POST") return this.#json(exchange);
    if (method === "GET" && mayBeCrossSite(exchange.headers, this.#origin)) return problem(403, crossSiteHint);
    const body = method === "GET" ? searchPayload(exchange.url, this.#options.parse) : await this.#body(exchange);
    if ("reply" in body) return body.reply;
    const kind = this.#kindOf(body.object);
    if (wish === "also" && kind !== "subscription") return this.#json(exchange, body.object);
    if (method === "GET" && (kind === "mutation" || kind === "command")) {
      return problem(405, `A ${kind} must be sent by POST`, { allow: "POST" });
    }
    return streams.distinct(exchange, body);
  }

  /**
   * Answers by JSON.
   *
   * @param body if it was read before.
   */
  async #json(exchange: HttpExchange, body?: JsonObject): Promise<HttpReply> {
    const { method, url, headers, peer } = exchange;
    if (method === "GET" && mayBeCrossSite(headers, this.#origin)) return problem(403, crossSiteHint);
    let object = body ?? null;
    if (method === "POST" && !object) {
      const read = await this.#body(exchange);
      if ("reply" in read) return read.reply;
      object = read.object;
    }
    const reply = await this.#run({ method, url, headers, body: object, raw: undefined, context: peer });
    return this.#options.streams && reply[1].status === 405 ? withStreamMethods(reply) : reply;
  }

  #body(exchange: HttpExchange): Promise<HttpBody> {
    const { engine, parse } = this.#options;
    return readBody(exchange, engine.maxBodyBytes, parse);
  }

  /** The kind of an operation; undefined for an invalid request, whose error the session words. */
  #kindOf({ query, operationName }: JsonObject): string | undefined {
    if (typeof query !== "string") return undefined;
    const name = typeof operationName === "string" ? operationName : undefined;
    const { engine } = this.#options;
    try {
      const document = engine.parse(query);
      return engine.isCommand(document, name) ? "command" : getOperationAST(document, name)?.operation;
    } catch {
      return undefined;
    }
  }
}

function withStreamMethods([body, head]: HttpReply): HttpReply {
  const { allow } = { allow: "", ...head.headers };
  return allow === "GET, POST"
    ? [body, { ...head, headers: { ...head.headers, allow: "GET, POST, PUT, DELETE" } }]
    : [body, head];
}

/**
 * Content negotiation by the Accept header. `first`: event streams are preferred. `also`: they are accepted after JSON,
 * as by clients that send the same header with each request. `none`: they are not accepted.
 */
function streamWish(accept: string | undefined): "first" | "also" | "none" {
  const types = accept?.split(",").map((entry) => entry.split(";")[0]?.trim().toLowerCase() ?? "") ?? [];
  if (!types.includes(streamType)) return "none";
  const first = types.find((type) => type === streamType || jsonTypes.includes(type));
  return first === streamType ? "first" : "also";
}
