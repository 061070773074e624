import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { WebSocket, type ClientOptions } from "ws";

/** A real client of `ws` that writes down what it receives. */
export class WebSocketClient implements Disposable {
  readonly socket: WebSocket;
  readonly messages: string[] = [];
  /** How the connection ended. A handshake that was refused by status is that status. */
  readonly ended: Promise<{ code: number; reason: string } | { status: number; body: string }>;

  constructor(url: string, protocols: string | string[] = "graphql-transport-ws", options: ClientOptions = {}) {
    this.socket = new WebSocket(url, protocols, options);
    this.socket.on("message", (data: Buffer) => this.messages.push(data.toString()));
    this.socket.on("error", () => this.socket.terminate());
    this.ended = new Promise((resolve) => {
      this.socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() }));
      this.socket.on("unexpected-response", (_request, response) => {
        let body = "";
        response.on("data", (chunk) => (body += String(chunk)));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
      });
    });
  }

  async opened(): Promise<this> {
    if (this.socket.readyState !== WebSocket.OPEN) await once(this.socket, "open");
    return this;
  }

  [Symbol.dispose](): void {
    this.socket.terminate();
  }
}

export function connected(
  url: string,
  protocols?: string | string[],
  options?: ClientOptions,
): Promise<WebSocketClient> {
  return new WebSocketClient(url, protocols, options).opened();
}

/** A handshake over a bare TCP connection, for what no decent client would do afterwards. */
export async function bareConnection(port: number, headers: Readonly<Record<string, string>> = {}): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => socket.destroy());
  const lines = Object.entries({
    Host: `127.0.0.1:${port}`,
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol": "graphql-transport-ws",
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET /graphql HTTP/1.1\r\n${lines.join("")}\r\n`);
  await once(socket, "data");
  return socket;
}
