import type { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { ZlibOptions } from "node:zlib";
import { WebSocketServer } from "ws";
import { closeCodes } from "../../base/close-code.ts";
import type { Log } from "../../contract/log.ts";
import type { Accept, Admit, Refusal } from "../../contract/socket.ts";
import type { Dialect } from "../../dialects/dialect.ts";
import { defaultTransportLimits, type TransportLimits } from "../limits.ts";
import { foreignHost, Hosts } from "../hosts.ts";
import { OriginCheck, type OriginProblem, type OriginRule } from "../origin.ts";
import { peerOf } from "../peer.ts";
import { OwnedWebSocket, WebSocketConnection, type ConnectionHost } from "./connection.ts";
import { ReadTurns } from "./read-turns.ts";
import { RefusalLog } from "./refusal-log.ts";
import { declineUnmetOffers } from "./deflate-offer.ts";
import { RefusalServer, refuseByStatus } from "./refusal.ts";

/** Options of {@link websocketTransport}. */
export interface WebSocketOptions {
  /** Dialects, newest first. Subprotocol negotiation takes the first one that the client offers. */
  readonly dialects: readonly Dialect[];
  /** Opens a session on each connection. */
  readonly accept: Accept;
  /** Admission control, called after all other checks of a handshake. Default: every client is admitted. */
  readonly admit?: Admit | undefined;
  readonly log: Log;
  readonly limits?: Partial<WebSocketLimits> | undefined;
  /** The web origins that may connect. Default: the server's own host, and clients without an Origin and a cookie. */
  readonly origin?: OriginRule | undefined;
  /** The names under which clients reach the server. Default: any. A request with another `Host` is refused. */
  readonly hosts?: readonly string[] | undefined;
  /**
   * How a client is refused: by an HTTP status, which browsers hide from a page, or by accepting and closing its
   * WebSocket with a code. Default: a foreign origin by status (403), anything else by close code.
   */
  readonly refusal?: "http" | "close" | undefined;
  /** The number of proxies in front of this server whose `X-Forwarded-For` is trusted. Default: 0, none. */
  readonly trustProxy?: number | undefined;
  /**
   * Compression of messages from 1 KiB on (RFC 7692). Default: false, since it takes ten times the CPU time of sending,
   * and memory per connection. `true`: without context takeover between messages.
   */
  readonly perMessageDeflate?: boolean | DeflateOptions | undefined;
}

/** Options of the extension permessage-deflate (RFC 7692), passed to `ws`. */
export interface DeflateOptions {
  /** Bytes from which a message is compressed. Default: 1,024. */
  readonly threshold?: number;
  /** Messages that are compressed concurrently. Default: 10. */
  readonly concurrencyLimit?: number;
  /** True: no context takeover between the server's messages (RFC 7692, 7.1.1.1). Default: false. */
  readonly serverNoContextTakeover?: boolean;
  /** True: no context takeover between the client's messages (RFC 7692, 7.1.1.2). Default: false. */
  readonly clientNoContextTakeover?: boolean;
  /** Bits of the window in which the server compresses, 8 to 15. A client that offers fewer is not compressed. */
  readonly serverMaxWindowBits?: number;
  /** Bits of the window in which the client compresses, 8 to 15. A client that cannot limit its own is not compressed. */
  readonly clientMaxWindowBits?: number;
  readonly zlibDeflateOptions?: Pick<ZlibOptions, "chunkSize" | "level" | "memLevel" | "strategy" | "windowBits">;
  readonly zlibInflateOptions?: Pick<ZlibOptions, "chunkSize" | "windowBits">;
}

/** Limits of a WebSocket transport. */
export interface WebSocketLimits extends TransportLimits {
  /** Bytes of one message, decompressed. Default: 262,144. Infinity: no limit. Over it: close 1009. */
  readonly messageBytes: number;
}

/** A transport of WebSockets. Disposal closes its connections. */
export interface WebSocketTransport extends AsyncDisposable {
  /** The number of connections that are open or closing. */
  readonly connections: number;
  /** A listener of the event `upgrade` of Node's HTTP server. Never throws. */
  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void;
}

/**
 * Creates a transport of WebSockets on the upgrades of Node's HTTP server; it does not listen itself. Disposal closes
 * open connections with 1001, and terminates those that do not answer within `closeMilliseconds`.
 *
 * @throws FanfareError BAD_OPTION for an origin that no browser sends.
 */
export function websocketTransport(options: WebSocketOptions): WebSocketTransport {
  return new NodeWebSocketTransport(options);
}

const defaultLimits: WebSocketLimits = { ...defaultTransportLimits, messageBytes: 262_144 };

/** Without what is false: `ws` takes a false `serverNoContextTakeover` for a ban, and refuses clients that offer it. */
function deflateOptions(given: boolean | DeflateOptions): boolean | DeflateOptions {
  if (typeof given === "boolean") return given && frugalDeflate;
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== false));
}

const frugalDeflate: DeflateOptions = {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  threshold: 1_024,
};

class NodeWebSocketTransport implements WebSocketTransport {
  readonly #options: WebSocketOptions;
  readonly #closeMilliseconds: number;
  readonly #origin: OriginCheck;
  readonly #hosts: Hosts;
  readonly #host: ConnectionHost;
  readonly #server: WebSocketServer;
  readonly #refusals: RefusalServer;
  readonly #refusalLog: RefusalLog;
  readonly #connections = new Set<WebSocketConnection>();
  #disposed: Promise<void> | undefined;
  #emptied: (() => void) | undefined;
  /** The subprotocol of the handshake that `ws` is completing. */
  #chosen: string | undefined;

  constructor(options: WebSocketOptions) {
    const limits = { ...defaultLimits, ...options.limits };
    const { perMessageDeflate = false } = options;
    this.#options = options;
    this.#closeMilliseconds = limits.closeMilliseconds;
    this.#refusals = new RefusalServer(limits);
    this.#refusalLog = new RefusalLog(options.log);
    this.#origin = new OriginCheck(options.origin);
    this.#hosts = new Hosts(options.hosts);
    this.#host = {
      log: options.log,
      pendingPongs: limits.pendingPongs,
      onStreamEnd() {
        if (this instanceof Socket) this.setTimeout(limits.closeMilliseconds, () => this.destroy());
      },
      reads: new ReadTurns((callback) => void setImmediate(callback)),
      released: (connection) => this.#released(connection),
    };
    this.#server = new WebSocketServer({
      WebSocket: OwnedWebSocket,
      noServer: true,
      clientTracking: false,
      perMessageDeflate: deflateOptions(perMessageDeflate),
      // `ws` holds a signed 32-bit integer; Infinity turns the limit off.
      maxPayload: limits.messageBytes === Infinity ? Infinity : Math.min(limits.messageBytes, 2 ** 31 - 1),
      maxFragments: limits.messageFragments,
      maxBufferedChunks: limits.messageChunks,
      handleProtocols: () => this.#chosen || false,
      // Sessions answer pings: after the messages that came before them.
      ...{ closeTimeout: limits.closeMilliseconds, autoPong: false },
    });
  }

  get connections(): number {
    return this.#connections.size;
  }

  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    try {
      this.#upgrade(request, stream, head);
    } catch (error) {
      this.#options.log.error("A WebSocket handshake failed", { error });
      stream.destroy();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#close();
    return this.#disposed;
  }

  #upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const { accept, admit, perMessageDeflate, trustProxy = 0 } = this.#options;
    if (this.#disposed) return refuseByStatus(stream, 503, closeCodes.goingAway.reason);
    if (!this.#hosts.has(request.headers.host)) return this.#refusePage(request, stream, head, foreignHostOf(request));
    const problem = this.#origin.problem(request.headers);
    if (problem) return this.#refusePage(request, stream, head, problem);
    const dialect = this.#choose(offeredBy(request));
    if (!dialect) return this.#refuse(request, stream, head, this.#unspoken());
    const peer = peerOf(request, trustProxy);
    const refusal = admit?.(peer);
    if (refusal) return this.#refuse(request, stream, head, refusal);
    if (typeof perMessageDeflate === "object") declineUnmetOffers(request.headers, perMessageDeflate);
    this.#chosen = dialect.name;
    this.#server.handleUpgrade(request, stream, head, (webSocket) => {
      if (!(webSocket instanceof OwnedWebSocket)) return;
      const connection = new WebSocketConnection(this.#host, webSocket, stream, peer, dialect.binary);
      this.#connections.add(connection);
      connection.open((socket) => accept(socket, dialect));
    });
  }

  #choose(offered: readonly string[]): Dialect | undefined {
    return this.#options.dialects.find((dialect) => offered.includes(dialect.name));
  }

  #unspoken(): Refusal {
    const { code, reason } = closeCodes.subprotocolNotAcceptable;
    const names = this.#options.dialects.map((dialect) => dialect.name).join(", ");
    return { status: 400, code, reason: `${reason}; this server speaks ${names}` };
  }

  #refusePage(request: IncomingMessage, stream: Duplex, head: Buffer, problem: OriginProblem): void {
    this.#refusalLog.refused(problem);
    const { code } = closeCodes.forbidden;
    const { reason, status = 403 } = problem;
    this.#refuse(request, stream, head, { status, code, reason }, "http");
  }

  #refuse(
    request: IncomingMessage,
    stream: Duplex,
    head: Buffer,
    refusal: Refusal,
    otherwise: "http" | "close" = "close",
  ): void {
    const how = this.#options.refusal ?? otherwise;
    if (how === "http") refuseByStatus(stream, refusal.status, refusal.reason);
    else this.#refusals.refuse(request, stream, head, refusal);
  }

  #released(connection: WebSocketConnection): void {
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#emptied?.();
  }

  async #close(): Promise<void> {
    const { code, reason } = closeCodes.goingAway;
    for (const connection of this.#connections) connection.close(code, reason);
    const cut = setTimeout(() => {
      for (const connection of this.#connections) connection.terminate();
    }, this.#closeMilliseconds);
    if (this.#connections.size > 0) {
      await new Promise<void>((resolve) => {
        this.#emptied = resolve;
      });
    }
    clearTimeout(cut);
    this.#refusals[Symbol.dispose]();
    this.#refusalLog[Symbol.dispose]();
  }
}

function foreignHostOf({ headers: { host, origin } }: IncomingMessage): OriginProblem {
  return { reason: foreignHost, status: 421, origin, host, cure: "add its host to the option `hosts: [ … ]`" };
}

/** The offered subprotocols. A malformed header is left to `ws`, which refuses it. */
function offeredBy(request: IncomingMessage): string[] {
  const header = request.headers["sec-websocket-protocol"] ?? "";
  return header.split(",").map((name) => name.trim());
}
