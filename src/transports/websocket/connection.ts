import { isUtf8 } from "node:buffer";
import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import { closeCodes, cutReason } from "../../base/close-code.ts";
import type { Log } from "../../contract/log.ts";
import type { Peer } from "../../contract/peer.ts";
import type { Socket, SocketHandler } from "../../contract/socket.ts";
import { isKernelSocket } from "../kernel-socket.ts";
import { writeFrames } from "./frame.ts";
import type { Reader, ReadTurns } from "./read-turns.ts";

/** The owner of connections, as a connection sees it. */
export interface ConnectionHost {
  readonly log: Log;
  /** Answers to a client's pings that may wait for it. */
  readonly pendingPongs: number;
  /** Listener of a stream's `end`: a half-open connection, which ended without a close frame, gets a timeout. */
  readonly onStreamEnd: (this: Duplex) => void;
  readonly reads: ReadTurns;
  /** Called when a connection is closed. */
  released(connection: WebSocketConnection): void;
}

/**
 * A WebSocket, as a session sees it. `ws` handles incoming frames, pings and the closing handshake. Outgoing messages
 * are framed here and written to the socket below `ws`, unless they have to be compressed, or the stream may keep chunks.
 */
export class WebSocketConnection implements Socket, WebSocketOwner, Reader {
  readonly peer: Peer;
  readonly #host: ConnectionHost;
  readonly #webSocket: OwnedWebSocket;
  readonly #stream: Duplex;
  /** Whether messages go through `ws`, which never uses memory again. */
  readonly #throughWs: boolean;
  readonly #binary: boolean;
  #handler: SocketHandler | undefined;
  /** The code and reason with which the server ended the connection. They take precedence over the client's answer. */
  #ending: { readonly code: number; readonly reason: string } | undefined;
  /** Through `ws`: whether more bytes wait than the stream's high-water mark. */
  #full = false;
  /** To the socket: whether a listener for `drain` is set. */
  #awaitsDrain = false;
  #pendingPongs = 0;
  /** Whether the session has paused it. */
  #paused = false;
  /** Whether it waits for a turn to read on. */
  #held = false;
  readonly #onRead = (chunk: Uint8Array): void => this.#host.reads.read(this, chunk.length);
  /** Whether pongs are gathered in the stream, to leave in one write. */
  #gathers = false;

  /** @param binary whether messages may come in binary frames. */
  constructor(host: ConnectionHost, webSocket: OwnedWebSocket, stream: Duplex, peer: Peer, binary: boolean = false) {
    this.#host = host;
    this.#binary = binary;
    this.peer = peer;
    this.#webSocket = webSocket;
    this.#stream = stream;
    this.#throughWs = webSocket.extensions !== "" || !isKernelSocket(stream);
  }

  /** Opens a session and starts to listen. */
  open(accept: (socket: Socket) => SocketHandler): void {
    this.#webSocket.own(this);
    this.#stream.on("end", this.#host.onStreamEnd);
    this.#stream.on("data", this.#onRead);
    try {
      this.#handler = accept(this);
    } catch (error) {
      this.#fail(error);
    }
  }

  get blocked(): boolean {
    if (this.#throughWs) return this.#full;
    if (!this.#stream.writableNeedDrain) return false;
    // Pings and pongs of `ws` may have filled the stream, not only `write`.
    this.#awaitDrain();
    return true;
  }

  write(parts: readonly Uint8Array[], count: number): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    if (!this.#throughWs) {
      if (!writeFrames(this.#stream, parts, count)) this.#awaitDrain();
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

  pause(): void {
    this.#paused = true;
    this.#webSocket.pause();
  }

  resume(): void {
    this.#paused = false;
    if (!this.#held) this.#webSocket.resume();
  }

  hold(): void {
    this.#held = true;
    this.#webSocket.pause();
  }

  release(): void {
    this.#held = false;
    if (!this.#paused) this.#webSocket.resume();
  }

  ping(): void {
    if (this.#webSocket.readyState === this.#webSocket.OPEN) this.#webSocket.ping();
  }

  close(code: number, reason: string): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    this.#ending = { code, reason: cutReason(reason) };
    // The client's answer has to be read.
    this.resume();
    try {
      this.#webSocket.close(code, this.#ending.reason);
    } catch {
      // The code is not allowed in a close frame (RFC 6455, 7.4).
      this.#webSocket.terminate();
    }
  }

  terminate(): void {
    this.#webSocket.terminate();
  }

  message(data: unknown, isBinary: boolean): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    if (!Buffer.isBuffer(data) || (isBinary && !this.#binary)) {
      this.close(closeCodes.badRequest.code, "Binary messages are not accepted");
    } else if (isBinary && !isUtf8(data)) {
      this.close(closeCodes.badRequest.code, "Not valid UTF-8");
    } else this.#tell((handler) => handler.message(data.toString()));
  }

  pong(): void {
    this.#tell((handler) => handler.alive());
  }

  pinged(payload: Buffer): void {
    this.#tell((handler) => handler.pinged(payload.length, () => this.#pong(payload)));
  }

  /** Records an error. After an invalid frame, `ws` itself closes the connection with 1002, 1007, 1008 or 1009. */
  failed(error: unknown): void {
    this.#ending ??= { code: 1006, reason: cutReason(error instanceof Error ? error.message : String(error)) };
  }

  closed(code: number, reason: string): void {
    this.#host.reads.leave(this);
    // Node may hold a stream for a while after its end, and must not hold the session with it.
    this.#stream.off("data", this.#onRead);
    const ending = this.#ending ?? { code, reason };
    this.#tell((handler) => handler.closed(ending.code, ending.reason));
    this.#host.released(this);
  }

  /** Answers a ping. A client that lets too many answers wait is cut. */
  #pong(payload: Buffer): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    if (this.#pendingPongs >= this.#host.pendingPongs) return this.terminate();
    this.#pendingPongs += 1;
    this.#gather();
    this.#webSocket.pong(payload, false, () => (this.#pendingPongs -= 1));
  }

  /** Pings that came in one read are answered in one write: one for each pong would be most of the work. */
  #gather(): void {
    if (this.#gathers) return;
    this.#gathers = true;
    this.#stream.cork();
    process.nextTick(() => {
      this.#gathers = false;
      this.#stream.uncork();
    });
  }

  get #overfull(): boolean {
    return this.#webSocket.bufferedAmount >= this.#stream.writableHighWaterMark;
  }

  /** Listens for `drain`, lazily: most streams are never blocked. */
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

  /** Calls the session. An error that it throws closes this session only (fault isolation). */
  #tell(call: (handler: SocketHandler) => void): void {
    if (!this.#handler) return;
    try {
      call(this.#handler);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#host.log.error("A session failed", { error });
    this.close(closeCodes.internalError.code, closeCodes.internalError.reason);
  }
}

/** The owner of a WebSocket, which gets its events. */
interface WebSocketOwner {
  message(data: unknown, isBinary: boolean): void;
  pong(): void;
  pinged(payload: Buffer): void;
  failed(error: unknown): void;
  closed(code: number, reason: string): void;
}

/**
 * A WebSocket that hands its events to an owner, and not to listeners: four listeners for each client would take more time
 * and memory than the rest of a connection's start.
 */
export class OwnedWebSocket extends WebSocket {
  #owner: WebSocketOwner | undefined;

  own(owner: WebSocketOwner): void {
    this.#owner = owner;
  }

  override emit(name: string | symbol, first?: unknown, second?: unknown): boolean {
    if (!this.#owner) return super.emit(name, first, second);
    switch (name) {
      case "message":
        this.#owner.message(first, second === true);
        return true;
      case "pong":
        this.#owner.pong();
        return true;
      case "ping":
        if (Buffer.isBuffer(first)) this.#owner.pinged(first);
        return true;
      case "error":
        this.#owner.failed(first);
        return true;
      case "close":
        this.#owner.closed(Number(first), String(second));
        return true;
      default:
        return false;
    }
  }
}
