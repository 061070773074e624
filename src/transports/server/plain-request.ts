import { Server, type IncomingMessage } from "node:http";
import { Server as SecureServer } from "node:https";
import type { Duplex } from "node:stream";

/** Whether a request asks for a WebSocket (RFC 6455, 4.1), and not for HTTP/2 (`h2c`) or another protocol. */
export function asksForWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === "websocket";
}

/**
 * Serves a request without its Upgrade header, which a server may ignore (RFC 9110, 7.8). Node has stopped to parse its
 * connection by then, so the bytes are put back and the connection is handed to its server anew.
 *
 * @param server if the stream does not know the server that accepted it.
 */
export function serveAsPlain(
  server: Server | SecureServer,
  request: IncomingMessage,
  stream: Duplex,
  head: Buffer,
): void {
  const acceptor: unknown = "server" in stream ? stream.server : undefined;
  const owner = acceptor instanceof Server || acceptor instanceof SecureServer ? acceptor : server;
  stream.unshift(Buffer.concat([headWithoutUpgrade(request), head]));
  owner.emit(owner instanceof SecureServer ? "secureConnection" : "connection", stream);
}

function headWithoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    if (name.toLowerCase() !== "upgrade") lines.push(`${name}: ${rawHeaders[index + 1] ?? ""}`);
  }
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}
