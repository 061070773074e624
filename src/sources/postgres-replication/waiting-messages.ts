import type { Lsn } from "./lsn.ts";
import type { Message } from "./message.ts";

/** The server has sent everything up to `end`, from keepalive messages. */
export interface ProgressMessage {
  readonly kind: "progress";
  readonly end: Lsn;
}

export type WalMessage = Message | ProgressMessage;

/** A queue of messages that takes constant time per message, and that merges consecutive progress messages. */
export class WaitingMessages {
  #messages: { readonly message: WalMessage; readonly bytes: number }[] = [];
  #head = 0;
  bytes = 0;

  get length(): number {
    return this.#messages.length - this.#head;
  }

  push(message: WalMessage, bytes: number): void {
    if (message.kind === "progress" && this.#messages.at(-1)?.message.kind === "progress" && this.length > 0) {
      this.#messages.pop();
    }
    this.#messages.push({ message, bytes });
    this.bytes += bytes;
  }

  peek(): WalMessage | undefined {
    return this.#messages[this.#head]?.message;
  }

  take(): WalMessage | undefined {
    const entry = this.#messages[this.#head];
    if (!entry) return undefined;
    this.#head += 1;
    this.bytes -= entry.bytes;
    if (this.#head === this.#messages.length) this.clear();
    return entry.message;
  }

  clear(): void {
    this.#messages = [];
    this.#head = 0;
    this.bytes = 0;
  }
}
