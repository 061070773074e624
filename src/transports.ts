import { exceededBound, type JsonBounds } from "./base/json-bounds.ts";
import { parseObject, type ParsedObject } from "./base/json.ts";
import { Lifetime } from "./base/lifetime.ts";
import { checkOptions } from "./base/option-check.ts";
import {
  aBoolean,
  aFunction,
  aNumber,
  anObject,
  aText,
  listOf,
  must,
  oneOf,
  optionsOf,
  type Rule,
  type RulesOf,
} from "./base/rule.ts";
import type { Log } from "./contract/log.ts";
import { aDialect } from "./contract/part-rules.ts";
import type { Accept } from "./contract/socket.ts";
import type { Dialect } from "./dialects/dialect.ts";
import { eventStream, singleEventStream } from "./dialects/event-stream.ts";
import { graphqlSubscriptions } from "./dialects/graphql-subscriptions.ts";
import { graphqlTransportWs } from "./dialects/graphql-transport-ws.ts";
import { graphqlWs } from "./dialects/graphql-ws.ts";
import { decodeRequest } from "./dialects/request.ts";
import type { SessionHost } from "./session/host.ts";
import { HttpRequests } from "./operation/http-requests.ts";
import { EventStreams } from "./transports/event-stream/event-stream.ts";
import type { HttpService } from "./transports/exchange/exchange.ts";
import { nodeHandler, type HttpHandler } from "./transports/http/node-handler.ts";
import { httpService } from "./transports/http/service.ts";
import type { TransportLimits } from "./transports/limits.ts";
import { hostNames } from "./transports/hosts.ts";
import { anOriginRule, type OriginRule } from "./transports/origin.ts";
import { attach } from "./transports/server/attach.ts";
import { listen, type Server } from "./transports/server/listen.ts";
import type { HttpServer } from "./transports/server/path-claims.ts";
import {
  type DeflateOptions,
  websocketTransport,
  type WebSocketOptions,
  type WebSocketTransport,
} from "./transports/websocket/websocket.ts";

/** Options of the transports. */
export interface TransportOptions {
  /** Dialects of WebSockets, newest first. Default: `graphql-transport-ws`, `graphql-ws`, `graphql-subscriptions`. */
  readonly dialects?: readonly Dialect[];
  /** The web origins that may connect. Default: the server's own host, and clients other than browsers. */
  readonly origin?: OriginRule;
  /**
   * The names under which clients reach this server, such as `api.example.com` or `localhost:4000`, against DNS
   * rebinding: a request with another `Host` is answered with 421. A name without a port stands for all of its ports.
   * Default: any name. An empty list: none, so that nobody is answered.
   */
  readonly hosts?: readonly string[];
  /**
   * How a WebSocket is refused: by an HTTP status, which browsers hide from a page, or by accepting and closing it with
   * a code. Default: a foreign origin by status (403), anything else by close code.
   */
  readonly refusal?: "http" | "close";
  /** The number of proxies in front of this server whose `X-Forwarded-For` is trusted. Default: 0, none. */
  readonly trustProxy?: number;
  /**
   * Compression of messages from 1 KiB on (RFC 7692). Default: false, since it takes ten times the CPU time of sending,
   * and memory per connection. `true`: without context takeover between messages.
   */
  readonly perMessageDeflate?: boolean | DeflateOptions;
}

/** Options of `listen`: the address of a server. */
export interface ListenOptions {
  /** The TCP port. Default: 4000. 0: any free port. */
  readonly port?: number;
  /** The network interface. Default: `127.0.0.1`, this machine only. `::`: all. */
  readonly host?: string;
  /** Default: `/graphql`. */
  readonly path?: string;
}

/** Options of `attach`: the path of an existing server, and the transports on it. */
export interface AttachOptions {
  /** Default: `/graphql`. */
  readonly path?: string;
  /** False: requests go to the server's other listeners. Default: true. */
  readonly http?: boolean;
  /**
   * The dialects of WebSockets at this path, and the function that opens a session on each. Disposal of the path closes
   * their connections with 1001. Default: this Fanfare's own dialects and sessions.
   */
  readonly websocket?: {
    /** Newest first. A dialect without a name is for clients that offer no subprotocol. */
    readonly dialects: readonly Dialect[];
    readonly accept: Accept;
  };
}

const windowBits = aNumber(8, 15);

/** Options of compression, as `ws` takes them. Those of zlib are its own to check. */
const deflateOptions: Rule = optionsOf({
  threshold: aNumber(0),
  concurrencyLimit: aNumber(1),
  serverNoContextTakeover: aBoolean,
  clientNoContextTakeover: aBoolean,
  serverMaxWindowBits: windowBits,
  clientMaxWindowBits: windowBits,
  zlibDeflateOptions: anObject,
  zlibInflateOptions: anObject,
});

/** The rules of {@link TransportOptions}. */
export const transportRules: RulesOf<TransportOptions> = {
  dialects: listOf("dialects", aDialect),
  origin: anOriginRule,
  hosts: hostNames,
  refusal: oneOf("http", "close"),
  trustProxy: must(
    "a whole number of at least 0",
    (value) => Number.isInteger(value) && Number(value) >= 0,
    (value) => (typeof value === "boolean" ? "It is the number of proxies in front of this server" : undefined),
  ),
  perMessageDeflate: (name, value) => (typeof value === "boolean" ? undefined : deflateOptions(name, value)),
};

const listenRules: RulesOf<ListenOptions> = {
  port: must(
    "a whole number from 0 to 65535",
    (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535,
    (value) => (typeof value === "string" ? "Convert it: Number(process.env.PORT)" : undefined),
  ),
  host: aText(),
  path: aText(),
};

const attachRules: RulesOf<AttachOptions> = {
  path: aText(),
  http: aBoolean,
  websocket: optionsOf({ dialects: listOf("dialects", aDialect), accept: aFunction() }, ["dialects", "accept"]),
};

/** The transports of one Fanfare, and the servers and paths at which they are reached. */
export class Transports implements AsyncDisposable {
  readonly nodeHandler: HttpHandler;
  readonly service: HttpService;
  readonly #websocketOptions: Omit<WebSocketOptions, "dialects" | "accept">;
  readonly #websocket: WebSocketTransport;
  readonly #streams: EventStreams;
  readonly #limits: TransportLimits;
  readonly #log: Log;
  readonly #attached = new Lifetime();
  readonly #websockets = new Lifetime();

  constructor(host: SessionHost, options: TransportOptions, limits: TransportLimits, accept: Accept) {
    const { hosts, origin, perMessageDeflate, refusal, trustProxy } = options;
    const { log, registry } = host;
    const { jsonDepth: depth, jsonBytes: bytes, messageBytes } = host.limits;
    this.#limits = limits;
    this.#log = log;
    this.#streams = new EventStreams({
      distinct: eventStream,
      single: singleEventStream,
      request: decodeRequest,
      accept,
      admit: (peer) => registry.admit(peer),
      clock: host.clock,
      log,
      limits,
    });
    this.service = httpService({
      engine: new HttpRequests(host, messageBytes),
      log,
      origin,
      hosts,
      parse: (text) => parse(text, { depth, bytes }),
      decode: decodeRequest,
      streams: this.#streams,
    });
    this.nodeHandler = nodeHandler(this.service, trustProxy);
    this.#websocketOptions = {
      admit: (peer) => registry.admit(peer),
      log,
      limits: { ...limits, messageBytes },
      origin,
      hosts,
      refusal,
      trustProxy,
      perMessageDeflate,
    };
    const dialects = options.dialects ?? [graphqlTransportWs(), graphqlWs(), graphqlSubscriptions()];
    this.#websocket = this.#websockets.attach(websocketTransport({ ...this.#websocketOptions, dialects, accept }));
  }

  async listen(options: ListenOptions): Promise<Server> {
    checkOptions("listen", options, listenRules);
    const own = { http: this.nodeHandler, websocket: this.#websocket, limits: this.#limits, log: this.#log };
    return this.#attached.attach(await listen({ ...options, ...own }));
  }

  attach(server: HttpServer, options: AttachOptions): Disposable {
    checkOptions("attach", options, attachRules);
    const { path, http = true, websocket } = options;
    const handler = http ? this.nodeHandler : undefined;
    if (!websocket) return this.#attached.attach(attach(server, { path, http: handler, websocket: this.#websocket }));
    const transport = websocketTransport({ ...this.#websocketOptions, ...websocket });
    const claim = this.#attached.attach(attach(server, { path, http: handler, websocket: transport }));
    this.#websockets.attach(transport);
    return {
      [Symbol.dispose]: () => {
        claim[Symbol.dispose]();
        void transport[Symbol.asyncDispose]().then(() => this.#websockets.release(transport));
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const parts: readonly AsyncDisposable[] = [this.#attached, this.#websockets, this.#streams];
    await Promise.all(parts.map((part) => part[Symbol.asyncDispose]()));
  }
}

function parse(text: string, max: JsonBounds): ParsedObject {
  const exceeded = exceededBound(text, max);
  return exceeded ? { problem: `JSON ${exceeded}` } : parseObject(text);
}
