import type { JsonObject } from "../../base/json.ts";
import type { Log } from "../../contract/log.ts";
import type { RequestEngine } from "../../contract/request-engine.ts";
import type { OperationRequest } from "../../dialects/message.ts";
import { streamHeaders } from "../event-stream/connection.ts";
import type { EventStreams } from "../event-stream/event-stream.ts";
import type { HttpExchange, HttpService } from "../exchange/exchange.ts";
import { problem, type HttpReply } from "../exchange/reply.ts";
import { foreignHost, Hosts } from "../hosts.ts";
import { crossSiteHint, mayBeCrossSite, OriginCheck, type OriginRule } from "../origin.ts";
import { AcceptHeader } from "./accept-header.ts";
import {
  parsedBody,
  readBody,
  searchOf,
  searchPayload,
  tooManyRequests,
  type HttpPayload,
  type ParseJson,
} from "./body.ts";
import { answerByJson, needsStream, notAcceptable, refusedByGet, resultTypes } from "./graphql-over-http.ts";

/** Options of {@link httpService}. */
export interface HttpServiceOptions {
  readonly engine: RequestEngine;
  readonly log: Log;
  /** Origins that may send GET requests without a preflight header. Default: the server's own host. */
  readonly origin?: OriginRule | undefined;
  /** The names under which clients reach the server. Default: any. A request with another `Host` is answered with 421. */
  readonly hosts?: readonly string[] | undefined;
  /** Parses bodies, and `variables` and `extensions` of a URL. A problem is answered with status 400. */
  readonly parse: ParseJson;
  /** Decodes a request's JSON object. A problem is answered with status 400. */
  readonly decode: (object: JsonObject) => OperationRequest | { readonly problem: string };
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
const allowed = "GET, HEAD, POST";
const allowedWithStreams = `${allowed}, PUT, DELETE`;

class Answers implements HttpService {
  readonly #options: HttpServiceOptions;
  readonly #origin: OriginCheck;
  readonly #hosts: Hosts;

  constructor(options: HttpServiceOptions) {
    this.#options = options;
    this.#origin = new OriginCheck(options.origin);
    this.#hosts = new Hosts(options.hosts);
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
    if (!this.#hosts.has(exchange.headers.host)) return problem(421, foreignHost);
    if (!streams) return this.#operation(exchange);
    const { headers, method } = exchange;
    const search = searchOf(exchange.url);
    const token = exchange.peer.header(tokenHeader) ?? search.get("token");
    if (method === "PUT") return streams.reserve(exchange);
    if (method === "DELETE") return streams.stop(exchange, token ?? "", search.get("operationId"));
    // The token doubles as a CSRF token: a page of another site does not know it.
    if (token !== null && method === "GET" && prefersStream(new AcceptHeader(headers.accept))) {
      return streams.open(exchange, token);
    }
    if (token !== null && method === "POST") return this.#start(streams, exchange, token);
    return this.#operation(exchange, streams);
  }

  /** Starts an operation on an open stream (single connection mode). */
  async #start(streams: EventStreams, exchange: HttpExchange, token: string): Promise<HttpReply> {
    const { engine, parse } = this.#options;
    const body = parsedBody(await readBody(exchange, engine), parse);
    return "reply" in body ? body.reply : streams.start(exchange, token, body);
  }

  /** Answers an operation by JSON, or by a stream (distinct connections mode). */
  async #operation(exchange: HttpExchange, streams?: EventStreams): Promise<HttpReply | undefined> {
    const { engine, parse } = this.#options;
    const { headers, method } = exchange;
    if (method !== "GET" && method !== "HEAD" && method !== "POST") {
      return problem(405, "Method Not Allowed", { allow: streams ? allowedWithStreams : allowed });
    }
    if (method !== "POST" && mayBeCrossSite(headers, this.#origin)) return problem(403, crossSiteHint);
    const accept = new AcceptHeader(headers.accept);
    const type = accept.preferred(resultTypes);
    const stream = accept.names(streamType) ? streams : undefined;
    if (type === undefined && !stream) return accept.names(streamType) ? needsStream : notAcceptable;
    const body =
      method === "POST" ? parsedBody(await readBody(exchange, engine), parse) : searchPayload(exchange.url, parse);
    // Another function: this one has waited, and would keep the request until the next full collection (see `readBody`).
    return "reply" in body ? body.reply : this.#request(exchange, body, { accept, type, stream });
  }

  async #request(
    exchange: HttpExchange,
    { object, bytes }: HttpPayload,
    { accept, type, stream }: Acceptable,
  ): Promise<HttpReply | undefined> {
    const { decode, engine } = this.#options;
    const request = decode(object);
    if ("problem" in request) return problem(400, request.problem);
    using admitted = await engine.admit(request, bytes);
    if (!admitted) return tooManyRequests;
    const kind = stream && engine.kindOf(request);
    if (stream && (type === undefined || prefersStream(accept) || kind === "subscription")) {
      const refused = exchange.method === "POST" ? undefined : refusedByGet(kind);
      return refused ?? streamed(stream, exchange, request, bytes);
    }
    const answer = await answerByJson(engine, exchange, request, type ?? "");
    if (answer) return answer;
    // A hook has put the subscription in. The session asks it again, with the connection that it belongs to.
    return stream ? streamed(stream, exchange, request, bytes) : needsStream;
  }
}

/** What a client accepts as the response. */
interface Acceptable {
  readonly accept: AcceptHeader;
  /** The media type of a result; undefined if it accepts none of them. */
  readonly type: string | undefined;
  /** Undefined if it does not accept a stream. */
  readonly stream: EventStreams | undefined;
}

/** A stream with the results of an operation; for HEAD its headers only, and nothing is started. */
function streamed(
  streams: EventStreams,
  exchange: HttpExchange,
  request: OperationRequest,
  bytes: number,
): HttpReply | undefined {
  if (exchange.method === "HEAD") return [null, { status: 200, headers: streamHeaders }];
  return streams.distinct(exchange, request, bytes);
}

/** Whether event streams are preferred to JSON, and not only accepted as well. */
function prefersStream(accept: AcceptHeader): boolean {
  return accept.names(streamType) && accept.preferred([...resultTypes, streamType]) === streamType;
}
