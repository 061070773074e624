import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { clientFrame, messageFrame, opcodes, takeServerFrames, type ServerFrame } from "./frame.ts";
import { patience } from "../eventually.ts";
import { until } from "./until.ts";

/** A message of the server, as its JSON says it. */
export interface ServerMessage {
  readonly type: string;
  readonly id?: string | number | null;
  readonly payload?: unknown;
}

/** A subprotocol, and how a client is let in by it. */
export interface Protocol {
  readonly name: string;
  readonly words: { readonly init: string; readonly ack: string };
}

export interface BareClientOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Default graphql-transport-ws. */
  readonly protocol?: Protocol;
  /** Takes messages instead of {@link BareClient.messages}. */
  readonly onMessage?: (message: ServerMessage) => void;
}

const usualProtocol: Protocol = {
  name: "graphql-transport-ws",
  words: { init: "connection_init", ack: "connection_ack" },
};

/** The key that RFC 6455 has as its example. */
const handshake = {
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Protocol": usualProtocol.name,
};

export function handshakeText(port: number, headers: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries({ Host: `127.0.0.1:${port}`, ...handshake, ...headers });
  return `GET /graphql HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}

/** The server has ended a connection that it had not acknowledged. */
export class Refusal extends Error {
  /** The code of its close frame, if one came. */
  readonly code: number | undefined;

  constructor(code: number | undefined, told: string) {
    super(`The server has refused a client: ${told}`);
    this.code = code;
  }
}

/** A WebSocket client on a bare TCP socket: it does what no library would let it do, and reads only when it is told. */
export class BareClient implements Disposable {
  readonly socket: Socket;
  readonly messages: ServerMessage[] = [];
  /** Payloads of pong frames. */
  readonly pongs: string[] = [];
  /** The answer to the handshake, up to the first empty line. */
  response: string = "";
  /** The close frame, if one came. */
  closing: { readonly code: number; readonly reason: string } | undefined;
  /** What the server sent against the protocol. */
  violation: unknown;
  /** True when nothing more can come. */
  ended: boolean = false;
  readonly #onMessage: (message: ServerMessage) => void;
  #rest: Buffer = Buffer.alloc(0);
  #acknowledged = false;
  #changed = Promise.withResolvers<void>();

  constructor(port: number, options: BareClientOptions = {}) {
    this.#onMessage = options.onMessage ?? ((message) => this.messages.push(message));
    this.socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    this.socket.on("data", (chunk) => {
      this.#read(chunk);
      this.#wake();
    });
    for (const event of ["error", "end", "close"]) {
      this.socket.on(event, () => {
        this.ended = true;
        this.#wake();
      });
    }
    const { headers, protocol = usualProtocol } = options;
    this.socket.write(handshakeText(port, { "Sec-WebSocket-Protocol": protocol.name, ...headers }));
  }

  /** A client whose handshake was accepted. */
  static async open(port: number, options: BareClientOptions = {}): Promise<BareClient> {
    const client = new BareClient(port, options);
    await client.until(() => client.response !== "", "the answer to the handshake");
    if (!client.response.startsWith("HTTP/1.1 101 ")) throw new Error(client.response);
    return client;
  }

  /**
   * A client that was acknowledged.
   *
   * @throws Refusal as soon as the server ends the connection instead.
   */
  static async ready(port: number, options: BareClientOptions = {}): Promise<BareClient> {
    const client = await BareClient.open(port, { ...options, onMessage: (message) => client.#first(message, options) });
    client.send({ type: (options.protocol ?? usualProtocol).words.init });
    await client.until(
      () => client.#acknowledged || client.ended || client.closing !== undefined,
      "the acknowledgement",
    );
    if (client.#acknowledged) return client;
    client[Symbol.dispose]();
    throw new Refusal(client.closing?.code, client.#told());
  }

  #first(message: ServerMessage, options: BareClientOptions): void {
    if (message.type === (options.protocol ?? usualProtocol).words.ack) this.#acknowledged = true;
    else if (options.onMessage) options.onMessage(message);
    else this.messages.push(message);
  }

  send(...messages: readonly object[]): void {
    this.write(Buffer.concat(messages.map(messageFrame)));
  }

  /** Sends bytes as they are. */
  write(bytes: Uint8Array | string): void {
    this.socket.write(bytes);
  }

  subscribe(id: string, query: string): void {
    this.send({ type: "subscribe", id, payload: { query } });
  }

  /** The messages of one operation. */
  of(id: string): readonly ServerMessage[] {
    return this.messages.filter((message) => message.id === id);
  }

  /** Resolves when the server has handled every frame that was sent before: it answers pings in their order. */
  async handled(): Promise<void> {
    const nonce = `handled-${this.pongs.length}`;
    this.write(clientFrame({ opcode: opcodes.ping, payload: nonce }));
    await this.until(() => this.pongs.includes(nonce) || this.ended, "the answer to a ping");
  }

  /** How the server ended the connection: its close code, or undefined where it was cut without one. */
  async closed(): Promise<number | undefined> {
    await this.until(() => this.closing !== undefined || this.ended, "the end of the connection");
    return this.closing?.code;
  }

  /** Resolves when the condition holds, which is looked at whenever something arrives. */
  async until(condition: () => boolean, what: string): Promise<void> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#wake();
    }, patience);
    try {
      while (!condition()) {
        if (this.violation !== undefined) throw this.violation;
        if (late) throw new Error(`Waited in vain for ${what}; received ${this.#told()}`);
        await this.#changed.promise;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Resolves when the kernel has taken everything that was sent. */
  async sent(): Promise<void> {
    await until(
      () => this.socket.writableLength === 0,
      () => "the bytes to leave",
    );
  }

  /** Reads nothing any more, not even from the kernel. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Ends its own side and keeps the other one open. */
  async halfClose(): Promise<void> {
    this.socket.end();
    await once(this.socket, "finish");
  }

  /** Cuts the connection by a TCP reset. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  #told(): string {
    const { messages, pongs, response, closing, ended } = this;
    return JSON.stringify({ messages, pongs, response, closing, ended }).slice(0, 1_000);
  }

  #read(chunk: Buffer): void {
    this.#rest = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    if (this.response === "" && !this.#readResponse()) return;
    try {
      const { frames, rest } = takeServerFrames(this.#rest);
      this.#rest = rest;
      for (const frame of frames) this.#take(frame);
    } catch (error) {
      this.violation ??= error;
    }
  }

  #readResponse(): boolean {
    const end = this.#rest.indexOf("\r\n\r\n");
    if (end < 0) return false;
    this.response = this.#rest.toString("latin1", 0, end);
    this.#rest = this.#rest.subarray(end + 4);
    return this.response.startsWith("HTTP/1.1 101 ");
  }

  #take({ opcode, payload }: ServerFrame): void {
    if (this.closing) throw new Error("The server sent a frame after its close frame");
    if (opcode === opcodes.text) this.#onMessage(readMessage(payload));
    else if (opcode === opcodes.ping) this.write(clientFrame({ opcode: opcodes.pong, payload }));
    else if (opcode === opcodes.pong) this.pongs.push(payload.toString());
    else if (opcode === opcodes.close) {
      this.closing = { code: payload.length > 0 ? payload.readUInt16BE(0) : 1005, reason: payload.toString("utf8", 2) };
      this.socket.end(clientFrame({ opcode: opcodes.close, payload: payload.subarray(0, 2) }));
    } else throw new Error(`The server sent a frame with the opcode ${opcode}`);
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function readMessage(payload: Uint8Array): ServerMessage {
  const message: unknown = JSON.parse(utf8.decode(payload));
  if (isMessage(message)) return message;
  throw new Error(`The server sent ${JSON.stringify(message)}`);
}

function isMessage(value: unknown): value is ServerMessage {
  if (typeof value !== "object" || value === null || !("type" in value) || typeof value.type !== "string") return false;
  return !("id" in value) || value.id === null || ["string", "number"].includes(typeof value.id);
}
