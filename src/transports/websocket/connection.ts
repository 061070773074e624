import type { Duplex } from "node:stream";
import { WebSocket, type RawData } from "ws";
import { closeCodes, cutReason } from "../../base/close-code.ts";
import type { Log } from "../../contract/log.ts";
import type { Peer } from "../../contract/peer.ts";
import type { Socket, SocketHandler } from "../../contract/socket.ts";
import { writeFrames } from "./frame.ts";

/** What all connections of one transport have in common. */
export interface ConnectionHost {
  readonly log: Log;
  /** Listener of a stream's `end`: a client that ends its side without a close frame and reads nothing more must go. */
  readonly onStreamEnd: (this: Duplex) => void;
  /** Called when a connection is gone. */
  released(connection: WebSocketConnection): void;
}

/**
 * A WebSocket as a session sees it. Incoming frames, pings and the closing handshake are the work of `ws`; messages
 * go out as frames of our own on the connection below it, unless they have to be compressed.
 */
export class WebSocketConnection implements Socket, WebSocketOwner {
  readonly peer: Peer;
  readonly #host: ConnectionHost;
  readonly #webSocket: OwnedWebSocket;
  readonly #stream: Duplex;
  readonly #compressed: boolean;
  #handler: SocketHandler | undefined;
  /** How this side ended the connection: it knows better than the answer of the other end, if one comes at all. */
  #ending: { readonly code: number; readonly reason: string } | undefined;
  /** With compression: more waits than Node would let wait for a plain connection. */
  #full = false;
  /** Without it: the stream will tell when it has been drained. */
  #awaitsDrain = false;

  constructor(host: ConnectionHost, webSocket: OwnedWebSocket, stream: Duplex, peer: Peer) {
    this.#host = host;
    this.peer = peer;
    this.#webSocket = webSocket;
    this.#stream = stream;
    this.#compressed = webSocket.extensions !== "";
  }

  /** Opens a session and listens for it. */
  open(accept: (socket: Socket) => SocketHandler): void {
    this.#webSocket.own(this);
    this.#stream.on("end", this.#host.onStreamEnd);
    try {
      this.#handler = accept(this);
    } catch (error) {
      this.#fail(error);
    }
  }

  get blocked(): boolean {
    if (this.#compressed) return this.#full;
    if (!this.#stream.writableNeedDrain) return false;
    // Not only our own writes fill the stream: pings and pongs do, too.
    this.#awaitDrain();
    return true;
  }

  write(parts: readonly Uint8Array[], count: number): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    if (!this.#compressed) {
      writeFrames(this.#stream, parts, count);
      if (this.#stream.writableNeedDrain) this.#awaitDrain();
      return;
    }
    const sent = (error?: Error): void => {
      if (!error && this.#full && !this.#overfull) this.#drained();
    };
    for (let index = 0; index < count; index++) {
      const message = Buffer.concat(parts.slice(3 * index, 3 * index + 3));
      this.#webSocket.send(message, { binary: false }, sent);
    }
    this.#full = this.#overfull;
  }

  ping(): void {
    if (this.#webSocket.readyState === this.#webSocket.OPEN) this.#webSocket.ping();
  }

  close(code: number, reason: string): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    this.#ending = { code, reason: cutReason(reason) };
    try {
      this.#webSocket.close(code, this.#ending.reason);
    } catch {
      // A code that may not stand in a close frame (RFC 6455, 7.4).
      this.#webSocket.terminate();
    }
  }

  terminate(): void {
    this.#webSocket.terminate();
  }

  message(data: RawData, isBinary: boolean): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    if (isBinary || !Buffer.isBuffer(data)) {
      this.close(closeCodes.badRequest.code, "Binary messages are not accepted");
    } else this.#tell((handler) => handler.message(data.toString()));
  }

  pong(): void {
    this.#tell((handler) => handler.alive());
  }

  /** A frame that ws cannot take ends the connection by itself, with 1002, 1007, 1008 or 1009. */
  failed(error: Error): void {
    this.#ending ??= { code: 1006, reason: cutReason(error.message) };
  }

  closed(code: number, reason: Buffer): void {
    const ending = this.#ending ?? { code, reason: reason.toString() };
    this.#tell((handler) => handler.closed(ending.code, ending.reason));
    this.#host.released(this);
  }

  get #overfull(): boolean {
    return this.#webSocket.bufferedAmount >= this.#stream.writableHighWaterMark;
  }

  /** Listened to only when it matters: most clients never make their stream wait. */
  #awaitDrain(): void {
    if (this.#awaitsDrain) return;
    this.#awaitsDrain = true;
    this.#stream.once("drain", () => {
      this.#awaitsDrain = false;
      this.#drained();
    });
  }

  #drained(): void {
    this.#full = false;
    this.#tell((handler) => handler.drained());
  }

  /** A fault in a session must end that session and nothing else. */
  #tell(what: (handler: SocketHandler) => void): void {
    if (!this.#handler) return;
    try {
      what(this.#handler);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#host.log.error("A session failed", { error });
    this.close(closeCodes.internalError.code, closeCodes.internalError.reason);
  }
}

/** Who is told what a WebSocket hears. */
interface WebSocketOwner {
  message(data: RawData, isBinary: boolean): void;
  pong(): void;
  failed(error: Error): void;
  closed(code: number, reason: Buffer): void;
}

/**
 * A WebSocket that knows its owner, so that all of them share their listeners. One closure for each event and client
 * would take more memory than the client's session.
 */
export class OwnedWebSocket extends WebSocket {
  #owner: WebSocketOwner | undefined;

  own(owner: WebSocketOwner): void {
    this.#owner = owner;
    this.on("message", onMessage);
    this.on("pong", onPong);
    this.on("error", onError);
    this.on("close", onClose);
  }

  static ownerOf(webSocket: WebSocket): WebSocketOwner | undefined {
    return webSocket instanceof OwnedWebSocket ? webSocket.#owner : undefined;
  }
}

function onMessage(this: WebSocket, data: RawData, isBinary: boolean): void {
  OwnedWebSocket.ownerOf(this)?.message(data, isBinary);
}

function onPong(this: WebSocket): void {
  OwnedWebSocket.ownerOf(this)?.pong();
}

function onError(this: WebSocket, error: Error): void {
  OwnedWebSocket.ownerOf(this)?.failed(error);
}

function onClose(this: WebSocket, code: number, reason: Buffer): void {
  OwnedWebSocket.ownerOf(this)?.closed(code, reason);
}
