import { connect, type Socket } from "node:net";
import type { SubscriberOptions } from "./subscriber.ts";

// Every read of every socket lands here, so that a read costs neither memory nor garbage.
const shared = Buffer.allocUnsafe(256 * 1024);
const empty = Buffer.alloc(0);

const result = Buffer.from("event: next\n");
const lineFeed = 0x0a;

/** A client of server-sent events that does no more than it must: it subscribes, and counts results by their first line. */
export class EventStreamSubscriber implements Disposable {
  /** Settles when the server has sent the start of the stream. */
  readonly ready: Promise<void>;
  readonly #options: SubscriberOptions;
  readonly #socket: Socket;
  readonly #becameReady = Promise.withResolvers<void>();
  #opened = false;
  #rest: Buffer = empty;

  constructor(options: SubscriberOptions) {
    this.#options = options;
    this.ready = this.#becameReady.promise;
    this.#socket = connect({
      host: "127.0.0.1",
      port: options.port,
      noDelay: true,
      onread: { buffer: shared, callback: (length) => this.#read(length) },
    });
    this.#socket.once("connect", () => this.#subscribe());
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

  #subscribe(): void {
    const [room] = this.#options.rooms;
    const body = JSON.stringify({ query: this.#options.document, variables: { room } });
    this.#socket.write(
      [
        "POST /graphql HTTP/1.1",
        `Host: 127.0.0.1:${this.#options.port}`,
        "Accept: text/event-stream",
        "Content-Type: application/json",
        `Content-Length: ${Buffer.byteLength(body)}`,
        `\r\n${body}`,
      ].join("\r\n"),
    );
  }

  #read(length: number): boolean {
    this.#options.onRead();
    if (!this.#opened || this.#rest.length > 0) {
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

  /** Returns where the first piece begins that is not whole yet. */
  #consume(buffer: Buffer, to: number): number {
    if (this.#opened) return this.#chunks(buffer, 0, to);
    const end = buffer.indexOf("\r\n\r\n");
    if (end < 0) return 0;
    this.#opened = buffer.toString("latin1", 0, 12) === "HTTP/1.1 200";
    if (!this.#opened) this.#fail(buffer.toString("latin1", 0, to));
    return this.#opened ? this.#chunks(buffer, end + 4, to) : to;
  }

  /** Walks the chunks of the body (RFC 9112, 7.1) without copying. */
  #chunks(buffer: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to) {
      let size = 0;
      let start = at;
      while (start < to && buffer[start] !== lineFeed) size = withDigit(size, buffer[start++] ?? 0);
      start += 1;
      if (start + size + 2 > to) break;
      this.#becameReady.resolve();
      this.#count(buffer, start, start + size);
      at = start + size + 2;
    }
    return at;
  }

  #count(buffer: Buffer, from: number, to: number): void {
    for (let at = buffer.indexOf(result, from); at >= 0 && at < to; at = buffer.indexOf(result, at + result.length)) {
      this.#options.onNext();
    }
  }

  #fail(why: string): void {
    this.#socket.destroy();
    this.#options.onLost(new Error(`The server said: ${why}`));
  }
}

/** A size with one hexadecimal digit more; the carriage return after it is none. */
function withDigit(size: number, character: number): number {
  if (character < 0x30) return size;
  return size * 16 + (character < 0x3a ? character - 0x30 : character - 0x57);
}
