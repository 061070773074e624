import { cutReason } from "../base/close-code.ts";
import type { Peer } from "../contract/peer.ts";
import type { Socket } from "../contract/socket.ts";

/** How a connection ended. */
export interface Disconnection {
  readonly code: number;
  readonly reason: string;
}

const decoder = new TextDecoder();

/** A socket without a network: each message that the server writes is passed to a function. */
export class LocalSocket implements Socket {
  readonly peer: Peer;
  /** Back-pressure: set it to true to stop reading, as a slow client does; to resume, reset it and call `drained`. */
  blocked: boolean = false;
  readonly #onMessage: (text: string) => void;
  readonly #onClose: (disconnection: Disconnection) => void;
  #pings = 0;
  #closed = false;

  constructor(peer: Peer, onMessage: (text: string) => void, onClose: (disconnection: Disconnection) => void) {
    this.peer = peer;
    this.#onMessage = onMessage;
    this.#onClose = onClose;
  }

  /** The number of pings that the server has sent. */
  get pings(): number {
    return this.#pings;
  }

  write(parts: readonly Uint8Array[], count: number): void {
    if (this.#closed) return;
    for (let index = 0; index < count; index += 1) {
      const pieces = parts.slice(index * 3, index * 3 + 3);
      this.#onMessage(pieces.map((piece) => decoder.decode(piece)).join(""));
    }
  }

  ping(): void {
    if (!this.#closed) this.#pings += 1;
  }

  close(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose({ code, reason: cutReason(reason) });
  }

  terminate(): void {
    this.close(1006, "");
  }
}
