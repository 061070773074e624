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
import { OriginCheck, type OriginRule } from "../origin.ts";
import { peerOf } from "../peer.ts";
import { OwnedWebSocket, WebSocketConnection, type ConnectionHost } from "./connection.ts";
import { RefusalServer, refuseByStatus } from "./refusal.ts";

export interface WebSocketOptions {
  /** What is spoken here, newest first: the first that a client offers too is taken. */
  readonly dialects: readonly Dialect[];
  /** Opens a session on each connection. */
  readonly accept: Accept;
  /** Asked last, once everything else about a handshake is in order. Default: everybody may connect. */
  readonly admit?: Admit | undefined;
  readonly log: Log;
  readonly limits?: Partial<WebSocketLimits> | undefined;
  /** Default: pages of the server's own host only, and programs that send neither an Origin nor a cookie. */
  readonly origin?: OriginRule | undefined;
  /**
   * How a client learns that it is refused: by an HTTP status, or by a connection that is closed at once with a code,
   * which is all that a browser shows to a page. Default: a foreign origin by status (403), everything else by code.
   */
  readonly refusal?: "http" | "close" | undefined;
  /** How many proxies in front of this server write `X-Forwarded-For`. Default 0: the header is not believed. */
  readonly trustProxy?: number | undefined;
  /**
   * Compresses messages of 1 KiB and more. Default false: it costs ten times the CPU of sending, and memory for each
   * connection. `true` keeps nothing between messages.
   */
  readonly perMessageDeflate?: boolean | DeflateOptions | undefined;
}

/** Compression by the extension permessage-deflate (RFC 7692), in the words of `ws`, which does it. */
export interface DeflateOptions {
  /** Bytes from which a message is compressed. Default 1,024. */
  readonly threshold?: number;
  /** Messages that are compressed at the same time. Default 10. */
  readonly concurrencyLimit?: number;
  /** True: nothing is kept between the messages that the server sends (RFC 7692, 7.1.1.1). Default false. */
  readonly serverNoContextTakeover?: boolean;
  /** The same for those that the client sends (RFC 7692, 7.1.1.2). Default false. */
  readonly clientNoContextTakeover?: boolean;
  readonly serverMaxWindowBits?: number;
  readonly clientMaxWindowBits?: number;
  readonly zlibDeflateOptions?: Pick<ZlibOptions, "chunkSize" | "level" | "memLevel" | "strategy" | "windowBits">;
  readonly zlibInflateOptions?: Pick<ZlibOptions, "chunkSize" | "windowBits">;
}

/** Of a WebSocket transport. */
export interface WebSocketLimits extends TransportLimits {
  /** Bytes of one message, decompressed. Default 262,144. Infinity turns it off. Over it: close 1009. */
  readonly messageBytes: number;
}

export interface WebSocketTransport extends AsyncDisposable {
  /** Connections that are open or closing. */
  readonly connections: number;
  /** Takes an upgrade from Node's HTTP server: the listener of its `upgrade` event. Never throws. */
  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void;
}

/**
 * Serves WebSockets on connections that Node's HTTP server hands over. It listens to nothing itself. On disposal
 * every connection that is still open is closed with 1001 and cut when it does not answer.
 *
 * Throws FanfareError BAD_OPTION for an origin that no browser would send.
 */
export function websocketTransport(options: WebSocketOptions): WebSocketTransport {
  return new NodeWebSocketTransport(options);
}

const defaultLimits: WebSocketLimits = { ...defaultTransportLimits, messageBytes: 262_144 };

const frugalDeflate: DeflateOptions = {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  threshold: 1_024,
};

class NodeWebSocketTransport implements WebSocketTransport {
  readonly #options: WebSocketOptions;
  readonly #closeMilliseconds: number;
  readonly #origin: OriginCheck;
  readonly #host: ConnectionHost;
  readonly #server: WebSocketServer;
  readonly #refusals: RefusalServer;
  readonly #connections = new Set<WebSocketConnection>();
  #disposed: Promise<void> | undefined;
  #emptied: (() => void) | undefined;

  constructor(options: WebSocketOptions) {
    const limits = { ...defaultLimits, ...options.limits };
    const { perMessageDeflate = false } = options;
    this.#options = options;
    this.#closeMilliseconds = limits.closeMilliseconds;
    this.#refusals = new RefusalServer(limits);
    this.#origin = new OriginCheck(options.origin);
    this.#host = {
      log: options.log,
      onStreamEnd() {
        if (this instanceof Socket) this.setTimeout(limits.closeMilliseconds, () => this.destroy());
      },
      released: (connection) => this.#released(connection),
    };
    this.#server = new WebSocketServer({
      WebSocket: OwnedWebSocket,
      noServer: true,
      clientTracking: false,
      perMessageDeflate: perMessageDeflate === true ? frugalDeflate : perMessageDeflate,
      // To ws, which counts in 32 bits, Infinity is none.
      maxPayload: limits.messageBytes === Infinity ? Infinity : Math.min(limits.messageBytes, 2 ** 31 - 1),
      maxFragments: limits.messageFragments,
      maxBufferedChunks: limits.messageChunks,
      handleProtocols: (offered) => this.#choose([...offered])?.name || false,
      ...{ closeTimeout: limits.closeMilliseconds, maxPendingAutoPongs: limits.pendingPongs },
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
    const { accept, admit, trustProxy = 0 } = this.#options;
    if (this.#disposed) return refuseByStatus(stream, 503, closeCodes.goingAway.reason);
    if (!this.#origin.permits(request.headers)) return this.#refuse(request, stream, head, foreign);
    const dialect = this.#choose(offeredBy(request));
    if (!dialect) return this.#refuse(request, stream, head, this.#unspoken());
    const peer = peerOf(request, trustProxy);
    const refusal = admit?.(peer);
    if (refusal) return this.#refuse(request, stream, head, refusal);
    this.#server.handleUpgrade(request, stream, head, (webSocket) => {
      if (!(webSocket instanceof OwnedWebSocket)) return;
      const connection = new WebSocketConnection(this.#host, webSocket, stream, peer);
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

  #refuse(request: IncomingMessage, stream: Duplex, head: Buffer, refusal: Refusal): void {
    const how = this.#options.refusal ?? (refusal === foreign ? "http" : "close");
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
  }
}

const foreign: Refusal = {
  status: 403,
  code: closeCodes.forbidden.code,
  reason: "Origin not allowed",
};

/** The header as it is; what is wrong with it, ws finds out. */
function offeredBy(request: IncomingMessage): string[] {
  const header = request.headers["sec-websocket-protocol"] ?? "";
  return header.split(",").map((name) => name.trim());
}
