import { randomUUID } from "node:crypto";
import { connect, type Socket } from "node:net";
import { pongFrame, readFrames, textFrame, type OnFrame } from "./frame.ts";

export interface SubscriberOptions {
  readonly port: number;
  readonly document: string;
  /** One operation for each. */
  readonly rooms: readonly string[];
  /** Called for each result. */
  readonly onNext: () => void;
  /** Called for each read from the socket. */
  readonly onRead: () => void;
  /** Called when the server ends the connection or an operation, or answers with an error. */
  readonly onLost: (why: Error) => void;
}

// Every read of every socket lands here, so that a read costs neither memory nor garbage.
const shared = Buffer.allocUnsafe(256 * 1024);
const empty = Buffer.alloc(0);

const letterN = 0x6e;
/** Where the type's first letter stands in `{"id":"<36 characters>","type":"next"…`. */
const typeAt = 53;

/**
 * A client of graphql-transport-ws that does no more than it must: it subscribes, answers pings and counts results by
 * one letter of each.
 */
export class Subscriber implements Disposable {
  /** Settles when the server has answered everything that came with the subscriptions. */
  readonly ready: Promise<void>;
  readonly #options: SubscriberOptions;
  readonly #socket: Socket;
  readonly #onFrame: OnFrame;
  readonly #becameReady = Promise.withResolvers<void>();
  #upgraded = false;
  #rest: Buffer = empty;

  constructor(options: SubscriberOptions) {
    this.#options = options;
    this.ready = this.#becameReady.promise;
    this.#onFrame = (opcode, buffer, start, end) => this.#frame(opcode, buffer, start, end);
    this.#socket = connect({
      host: "127.0.0.1",
      port: options.port,
      noDelay: true,
      onread: { buffer: shared, callback: (length) => this.#read(length) },
    });
    this.#socket.once("connect", () => this.#upgrade());
    this.#socket.once("end", () => this.#fail("nothing more"));
    this.#socket.once("error", (error) => this.#fail(error.message));
  }

  /** Stops reading. */
  stall(): void {
    this.#socket.pause();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #upgrade(): void {
    this.#socket.write(
      [
        "GET /graphql HTTP/1.1",
        `Host: 127.0.0.1:${this.#options.port}`,
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        `Sec-WebSocket-Key: ${Buffer.from(randomUUID().slice(0, 16)).toString("base64")}`,
        "Sec-WebSocket-Protocol: graphql-transport-ws",
        "\r\n",
      ].join("\r\n"),
    );
  }

  #read(length: number): boolean {
    this.#options.onRead();
    if (!this.#upgraded || this.#rest.length > 0) {
      const whole = Buffer.concat([this.#rest, shared.subarray(0, length)]);
      this.#keep(whole, this.#consume(whole, whole.length), whole.length);
    } else {
      this.#keep(shared, this.#consume(shared, length), length);
    }
    return true;
  }

  #keep(buffer: Buffer, from: number, to: number): void {
    this.#rest = from === to ? empty : Buffer.from(buffer.subarray(from, to));
  }

  #consume(buffer: Buffer, to: number): number {
    if (this.#upgraded) return readFrames(buffer, 0, to, this.#onFrame);
    const end = buffer.indexOf("\r\n\r\n");
    if (end < 0) return 0;
    this.#upgraded = buffer.toString("latin1", 0, 12) === "HTTP/1.1 101";
    if (this.#upgraded) {
      // Not before: a client has to wait for the answer to its handshake (RFC 6455, 4.1).
      this.#socket.write(textFrame('{"type":"connection_init"}'));
      return readFrames(buffer, end + 4, to, this.#onFrame);
    }
    this.#fail(buffer.toString("latin1", 0, end));
    return to;
  }

  #frame(opcode: number, buffer: Buffer, start: number, end: number): void {
    if (opcode === 0x81 && end - start > typeAt && buffer.readUInt8(start + typeAt) === letterN) this.#options.onNext();
    else if (opcode === 0x81) this.#control(buffer.toString("utf8", start, end));
    else if (opcode === 0x89) this.#socket.write(pongFrame(buffer.subarray(start, end)));
    else if (opcode === 0x88) this.#fail(`Close ${buffer.toString("latin1", start, end)}`);
  }

  #control(text: string): void {
    if (text.startsWith('{"type":"connection_ack"')) this.#subscribe();
    else if (text.startsWith('{"type":"pong"')) this.#becameReady.resolve();
    else if (text.startsWith('{"type":"ping"')) this.#socket.write(textFrame('{"type":"pong"}'));
    else this.#fail(text);
  }

  #subscribe(): void {
    for (const room of this.#options.rooms) {
      const payload = { query: this.#options.document, variables: { room } };
      this.#socket.write(textFrame(JSON.stringify({ id: randomUUID(), type: "subscribe", payload })));
    }
    this.#socket.write(textFrame('{"type":"ping"}'));
  }

  #fail(why: string): void {
    this.#socket.destroy();
    this.#options.onLost(new Error(`The server said: ${why}`));
  }
}
