import { WebSocket, type RawData } from "ws";

/** Who is told what a WebSocket hears. */
export interface WebSocketOwner {
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
