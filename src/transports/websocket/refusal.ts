import { STATUS_CODES, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";
import { cutReason } from "../../base/close-code.ts";
import type { Refusal } from "../../contract/socket.ts";
import type { TransportLimits } from "../limits.ts";

/** Bytes of a message that a refused client may send before it answers the close. Over it: terminated. */
const refusedMessageBytes = 1_024;

/** Refuses an upgrade with an HTTP status and a short text. Browsers hide both from the page. */
export function refuseByStatus(stream: Duplex, status: number, reason: string): void {
  stream.on("error", () => stream.destroy());
  stream.once("finish", () => stream.destroy());
  stream.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Refused"}\r\n` +
      "Connection: close\r\n" +
      "Content-Type: text/plain; charset=utf-8\r\n" +
      `Content-Length: ${Buffer.byteLength(reason)}\r\n\r\n${reason}`,
  );
}

/** Accepts WebSockets and closes them at once: only then does a browser show the page a close code and reason. */
export class RefusalServer implements Disposable {
  readonly #maxLingering: number;
  readonly #lingering = new Set<WebSocket>();
  readonly #server: WebSocketServer;

  constructor({ refusals, refusalMilliseconds }: Pick<TransportLimits, "refusals" | "refusalMilliseconds">) {
    this.#maxLingering = refusals;
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: refusedMessageBytes,
      // Without one of the offered subprotocols, a browser reports a failed connection instead of the close code.
      handleProtocols: (offered) => offered.values().next().value ?? false,
      ...{ closeTimeout: refusalMilliseconds },
    });
  }

  refuse(request: IncomingMessage, stream: Duplex, head: Buffer, refusal: Refusal): void {
    if (this.#lingering.size >= this.#maxLingering) {
      refuseByStatus(stream, refusal.status, refusal.reason);
      return;
    }
    this.#server.handleUpgrade(request, stream, head, (webSocket) => {
      this.#lingering.add(webSocket);
      webSocket.on("error", () => webSocket.terminate());
      webSocket.on("close", () => this.#lingering.delete(webSocket));
      webSocket.close(refusal.code, cutReason(refusal.reason));
    });
  }

  [Symbol.dispose](): void {
    for (const webSocket of this.#lingering) webSocket.terminate();
  }
}
