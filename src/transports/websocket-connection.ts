import { Socket as NetSocket } from "node:net";
import type { Duplex } from "node:stream";
import type { RawData, WebSocket } from "ws";
import type { Log } from "../contract/log.ts";
import type { Peer } from "../contract/peer.ts";
import type { Socket, SocketHandler } from "../contract/socket.ts";
import { closes, fitReason } from "./close.ts";
import { writeFrames } from "./frame.ts";

/**
 * A WebSocket as a session sees it. Incoming frames, pings and the closing handshake are the work of `ws`; messages
 * go out as frames of our own on the connection below it, unless they have to be compressed.
 */
export class WebSocketConnection implements Socket {
  readonly peer: Peer;
  readonly #webSocket: WebSocket;
  readonly #stream: Duplex;
  readonly #log: Log;
  readonly #compressed: boolean;
  #handler: SocketHandler | undefined;
  /** How this side ended the connection: it knows better than the answer of the other end, if one comes at all. */
  #ending: { readonly code: number; readonly reason: string } | undefined;
  /** With compression: more waits than Node would let wait for a plain connection. */
  #full = false;

  constructor(webSocket: WebSocket, stream: Duplex, peer: Peer, log: Log) {
    this.peer = peer;
    this.#webSocket = webSocket;
    this.#stream = stream;
    this.#log = log;
    this.#compressed = webSocket.extensions !== "";
  }

  /** Opens a session and listens for it. `released` is called when the connection is gone. */
  open(
    accept: (socket: Socket) => SocketHandler,
    closeMilliseconds: number,
    released: (connection: WebSocketConnection) => void,
  ): void {
    const webSocket = this.#webSocket;
    webSocket.on("message", (data, isBinary) => this.#receive(data, isBinary));
    webSocket.on("pong", () => this.#tell((handler) => handler.alive()));
    // A frame that ws cannot take ends the connection by itself, with 1002, 1007, 1008 or 1009.
    webSocket.on("error", (error) => {
      this.#ending ??= { code: 1006, reason: fitReason(error.message) };
    });
    webSocket.on("close", (code, reason) => {
      const ending = this.#ending ?? { code, reason: reason.toString() };
      this.#tell((handler) => handler.closed(ending.code, ending.reason));
      released(this);
    });
    // A client that ends its side without a close frame and reads nothing more would otherwise stay for ever.
    this.#stream.on("end", () => cutWhenIdle(this.#stream, closeMilliseconds));
    if (!this.#compressed) this.#stream.on("drain", () => this.#drained());
    try {
      this.#handler = accept(this);
    } catch (error) {
      this.#fail(error);
    }
  }

  get blocked(): boolean {
    return this.#compressed ? this.#full : this.#stream.writableNeedDrain;
  }

  write(parts: readonly Uint8Array[], count: number): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    if (!this.#compressed) return writeFrames(this.#stream, parts, count);
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
    this.#ending = { code, reason: fitReason(reason) };
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

  get #overfull(): boolean {
    return this.#webSocket.bufferedAmount >= this.#stream.writableHighWaterMark;
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    if (isBinary || !Buffer.isBuffer(data)) {
      this.close(closes.badRequest.code, "Binary messages are not accepted");
    } else this.#tell((handler) => handler.message(data.toString()));
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
    this.#log.error("A session failed", { error });
    this.close(closes.internalError.code, closes.internalError.reason);
  }
}

function cutWhenIdle(stream: Duplex, milliseconds: number): void {
  if (stream instanceof NetSocket) stream.setTimeout(milliseconds, () => stream.destroy());
}
