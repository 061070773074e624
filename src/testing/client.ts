import { FanfareError } from "../base/error.ts";
import { checkArgument, checkOptions } from "../base/option-check.ts";
import { aNumber, anObjectWith, aText, mapOf, type RulesOf } from "../base/rule.ts";
import { aDialect } from "../contract/part-rules.ts";
import type { SocketHandler } from "../contract/socket.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { graphqlTransportWs } from "../dialects/graphql-transport-ws.ts";
import type { MessagePayload, OperationRequest } from "../dialects/message.ts";
import type { Fanfare } from "../fanfare.ts";
import { LocalSocket, type Disconnection } from "./local-socket.ts";

/** A message of the server, parsed from JSON. */
export interface ReceivedMessage {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

export interface TestClientOptions {
  /** The client's dialect, which must have messages in JSON. Default `graphql-transport-ws`. */
  readonly dialect?: Dialect;
  /** The headers of the client's opening request, by lower-case names. Default: none. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The client's network address. Default `127.0.0.1`. */
  readonly address?: string;
  /** The timeout of an expected message, in turns of the event loop. Default 1,000. */
  readonly patience?: number;
}

const rules: RulesOf<TestClientOptions> = {
  dialect: aDialect,
  headers: mapOf("strings by the names of headers", aText()),
  address: aText(),
  patience: aNumber(1),
};

/**
 * A client in the same process, with a real session and without a network. It waits for turns of the event loop and not
 * for time, so it works under a fake clock.
 */
export class TestClient implements AsyncDisposable {
  readonly socket: LocalSocket;
  readonly #handler: SocketHandler;
  readonly #messages: ReceivedMessage[] = [];
  readonly #patience: number;
  #disconnection: Disconnection | undefined;
  #operations = 0;

  /** @throws FanfareError BAD_OPTION for an option that is unknown or not allowed; CLOSED for a disposed Fanfare. */
  constructor(fanfare: Pick<Fanfare, "accept">, options: TestClientOptions = {}) {
    checkArgument(
      "TestClient",
      "fanfare",
      fanfare,
      anObjectWith("a Fanfare, which createFanfare() returns", ["accept"]),
    );
    checkOptions("TestClient", options, rules);
    const { dialect = graphqlTransportWs(), headers = {}, address = "127.0.0.1", patience = 1_000 } = options;
    const values = new Map(Object.entries(headers));
    this.#patience = patience;
    this.socket = new LocalSocket(
      { address, url: "/graphql", header: (name) => values.get(name) },
      (text) => this.#messages.push(readMessage(text)),
      (disconnection) => this.#closed(disconnection),
    );
    this.#handler = fanfare.accept(this.socket, dialect);
  }

  get connected(): boolean {
    return this.#disconnection === undefined;
  }

  /** Sends the init, and waits for the acknowledgement unless `connectOnly` is set. */
  async connectAndInit(
    payload?: MessagePayload,
    { connectOnly = false }: { readonly connectOnly?: boolean } = {},
  ): Promise<void> {
    this.send({ type: "connection_init", ...(payload && { payload }) });
    if (!connectOnly) await this.receive({ type: "connection_ack" });
  }

  send(message: object): void {
    this.sendRaw(JSON.stringify(message));
  }

  /** Sends any text, as it is. */
  sendRaw(text: string): void {
    this.#handler.message(text);
  }

  /** Starts an operation and returns its id. */
  start(request: OperationRequest | string, id: string = String(++this.#operations)): string {
    this.send({
      type: "subscribe",
      id,
      payload: typeof request === "string" ? { query: request } : request,
    });
    return id;
  }

  /** Runs a query or a mutation and resolves with its result. */
  async execute(request: OperationRequest | string): Promise<unknown> {
    const id = this.start(request);
    const { payload } = await this.receive({ type: "next", id });
    await this.receiveComplete(id);
    return payload;
  }

  /** Starts a subscription, waits until it is live, and resolves with its id. */
  async subscribe(request: OperationRequest | string): Promise<string> {
    const id = this.start(request);
    await turns(8);
    return id;
  }

  /** Sends `complete` for an operation. */
  complete(id: string): void {
    this.send({ type: "complete", id });
  }

  /** Takes the next message. Rejects if it does not have the expected type and id, or if none arrives in time. */
  async receive(expected: { readonly type?: string; readonly id?: string } = {}): Promise<ReceivedMessage> {
    await this.#until(() => this.#messages.length > 0, `a message ${JSON.stringify(expected)}`);
    const message = this.#messages.shift();
    if (message && matches(message, expected)) return message;
    throw new TypeError(`Expected ${JSON.stringify(expected)}, received ${JSON.stringify(message)}`);
  }

  /** Takes the next message, which must be a result of the operation, and resolves with the result. */
  async receiveNext(id: string): Promise<unknown> {
    return (await this.receive({ type: "next", id })).payload;
  }

  async receiveError(id: string): Promise<unknown> {
    return (await this.receive({ type: "error", id })).payload;
  }

  async receiveComplete(id: string): Promise<void> {
    await this.receive({ type: "complete", id });
  }

  /** Rejects if a message is there, or arrives within the next 10 turns of the event loop. */
  async assertNoMessages(): Promise<void> {
    await turns(10);
    const [message] = this.#messages;
    if (message) throw new TypeError(`Expected no message, received ${JSON.stringify(message)}`);
  }

  /** Waits for the end of the connection. Rejects if it does not end in time, or ends with another code. */
  async waitDisconnect(code?: number): Promise<Disconnection> {
    await this.#until(() => this.#disconnection !== undefined, "the end of the connection");
    const disconnection = this.#disconnection;
    if (!disconnection || (code !== undefined && disconnection.code !== code)) {
      throw new TypeError(`Expected the code ${code}, received ${JSON.stringify(disconnection)}`);
    }
    return disconnection;
  }

  /** Stops reading, as a slow client does, until {@link resume}. */
  pause(): void {
    this.socket.blocked = true;
  }

  resume(): void {
    this.socket.blocked = false;
    this.#handler.drained();
  }

  /** Answers a ping of the WebSocket. */
  pong(): void {
    this.#handler.alive();
  }

  /** Drops the connection, without a closing handshake. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.terminate();
    await turns(2);
  }

  #closed(disconnection: Disconnection): void {
    this.#disconnection = disconnection;
    this.#handler.closed(disconnection.code, disconnection.reason);
  }

  async #until(condition: () => boolean, what: string): Promise<void> {
    for (let turn = 0; turn < this.#patience && !condition(); turn += 1) await turns(1);
    if (!condition()) throw new FanfareError("CLOSED", `Waited in vain for ${what}`);
  }
}

/** Waits for `count` turns of the event loop. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

function readMessage(text: string): ReceivedMessage {
  const message: unknown = JSON.parse(text);
  if (typeof message === "object" && message !== null && "type" in message && typeof message.type === "string") {
    return { ...message, type: message.type };
  }
  throw new TypeError(`Not a message: ${text}`);
}

function matches(message: ReceivedMessage, expected: { readonly type?: string; readonly id?: string }): boolean {
  return (
    (expected.type === undefined || message.type === expected.type) &&
    (expected.id === undefined || message.id === expected.id)
  );
}
