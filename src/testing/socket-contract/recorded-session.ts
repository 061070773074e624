import type { Socket, SocketHandler } from "../../contract/socket.ts";
import type { Dialect } from "../../dialects/dialect.ts";
import type { ClientMessage } from "../../dialects/message.ts";

const nothing = new Uint8Array();

/** A session that records the calls of its socket, and violations of the contract in words. */
export class RecordedSession implements SocketHandler {
  readonly socket: Socket;
  readonly dialect: Dialect;
  readonly messages: string[] = [];
  readonly received: ClientMessage[] = [];
  readonly closings: { readonly code: number; readonly reason: string }[] = [];
  readonly faults: string[] = [];
  lifeSigns = 0;
  drains = 0;
  /** Called from inside each call of the socket, `closed` included, to test re-entrant calls. */
  react: (told: keyof SocketHandler) => void = () => {};
  /** The bytes that wait for the socket, except results of the cases. */
  readonly #waiting: Uint8Array[] = [];

  constructor(socket: Socket, dialect: Dialect) {
    this.socket = socket;
    this.dialect = dialect;
  }

  message(text: string): void {
    this.messages.push(text);
    this.#told("message");
  }

  /** The init of a transport that makes messages is not recorded. */
  receive(message: ClientMessage): void {
    if (message.type !== "init") this.received.push(message);
    else this.#acknowledge();
    this.#told("receive");
  }

  alive(): void {
    this.lifeSigns += 1;
    this.#told("alive");
  }

  /** A client's pings are no part of the contract: not every transport has them. */
  pinged(_bytes: number, answer: () => void): void {
    answer();
    this.#told("pinged");
  }

  drained(): void {
    this.drains += 1;
    if (this.socket.blocked) this.faults.push("drained was called while the socket was blocked");
    this.#flush();
    this.#told("drained");
  }

  closed(code: number, reason: string): void {
    this.closings.push({ code, reason });
    if (this.closings.length === 1) this.#react("closed");
    else this.faults.push("closed was called again");
  }

  /** Writes results of an operation in one call, and returns the messages that should arrive. */
  write(...contents: readonly string[]): readonly string[] {
    const { head, tail } = this.dialect.envelope("1");
    const parts = contents.flatMap((content) => [head, Buffer.from(content), tail]);
    this.socket.write(parts, contents.length);
    return contents.map((content) => this.whole(content));
  }

  /** The message with a result, as its client reads it. */
  whole(content: string): string {
    const { head, tail } = this.dialect.envelope("1");
    return Buffer.concat([head, Buffer.from(content), tail]).toString();
  }

  #acknowledge(): void {
    const ack = { type: "ack", payload: undefined } as const;
    this.#waiting.push(...(this.socket.says?.(ack) ?? this.dialect.encode(ack)));
    this.#flush();
  }

  #flush(): void {
    if (this.socket.blocked) return;
    for (const bytes of this.#waiting.splice(0)) this.socket.write([nothing, bytes, nothing], 1);
  }

  #told(what: keyof SocketHandler): void {
    if (this.closings.length > 0) this.faults.push(`${what} was called after the end`);
    else this.#react(what);
  }

  /** Records an error that the socket throws inside its own call, since it would not reach the case. */
  #react(what: keyof SocketHandler): void {
    try {
      this.react(what);
    } catch (error) {
      this.faults.push(`it threw in the middle of ${what}: ${String(error)}`);
    }
  }
}
