import { once } from "node:events";
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
  type Server,
} from "node:http";
import { vi } from "vitest";
import type { Accept } from "../../src/contract/socket.ts";
import { eventStream, singleEventStream } from "../../src/dialects/event-stream.ts";
import { decodeRequest } from "../../src/dialects/request.ts";
import type { ServerMessage } from "../../src/dialects/message.ts";
import { turns } from "../../src/testing/client.ts";
import { fakeClock, type FakeClock } from "../../src/testing/fake-clock.ts";
import { EventStreams, type EventStreamOptions } from "../../src/transports/event-stream/event-stream.ts";
import type { HttpService } from "../../src/transports/exchange/exchange.ts";
import { nodeHandler, type HttpHandler } from "../../src/transports/http/node-handler.ts";
import { httpService } from "../../src/transports/http/service.ts";
import { parseJson, PlainEngine } from "./request-engine.ts";
import { closeServer, listenAnywhere, recordedLog, RecordedSession, type RecordedLog } from "./websocket-server.ts";
import { eventually, patience } from "../eventually.ts";

const none = new Uint8Array();

/** Says what it is told to say, as a session would: nothing while its socket is blocked. */
export class StreamingSession extends RecordedSession {
  readonly #waiting: Uint8Array[] = [];
  #ends = false;

  say(message: ServerMessage): void {
    this.#waiting.push(...(this.socket.says?.(message) ?? this.dialect.encode(message)));
    this.#ends = this.dialect.rules.endsWithOperation && (message.type === "complete" || message.type === "error");
    this.#flush();
  }

  override drained(): void {
    super.drained();
    this.#flush();
  }

  acknowledge(): void {
    this.say({ type: "ack", payload: undefined });
  }

  result(id: string, text: string): void {
    const { head, tail } = this.dialect.envelope(id);
    this.socket.write([head, Buffer.from(text), tail], 1);
  }

  /** Writes until its client, which reads nothing, makes it wait. Answers how many bytes that took. */
  async fill(): Promise<number> {
    const piece = "x".repeat(65_536);
    let written = 0;
    while (!this.socket.blocked) {
      this.send(piece);
      written += piece.length;
      // What the kernel takes it has taken by then.
      await turns(2);
    }
    return written;
  }

  #flush(): void {
    if (this.socket.blocked) return;
    for (const bytes of this.#waiting.splice(0)) this.socket.write([none, bytes, none], 1);
    if (this.#ends) this.socket.close(1000, "Done");
  }
}

export interface EventStreamTestServer extends AsyncDisposable {
  readonly streams: EventStreams;
  readonly service: HttpService;
  readonly server: Server;
  readonly port: number;
  readonly clock: FakeClock;
  readonly log: RecordedLog;
  readonly sessions: readonly StreamingSession[];
  /** Waits for the session with this number, from 0. */
  session(index?: number): Promise<StreamingSession>;
  send(options?: SentRequest): Promise<Answer>;
  /** Reserves a stream and answers its token. */
  reserve(headers?: Record<string, string>): Promise<string>;
}

export interface SentRequest extends RequestOptions {
  readonly body?: string | object;
}

/** The start of a response, and its body as far as it has come. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly response: IncomingMessage;
  readonly text: string;
  /** The message of the error that the body tells. */
  readonly problem: Promise<unknown>;
  /** Waits until the body has this. */
  has(text: string): Promise<void>;
  /** Waits for the end, and answers the whole body. */
  whole(): Promise<string>;
}

export interface EventStreamServerOptions extends Partial<Omit<EventStreamOptions, "request">> {
  /** Acknowledges each session at once. Default true. */
  readonly acknowledges?: boolean;
  /** Wraps the handler. */
  readonly around?: (handler: HttpHandler) => HttpHandler;
}

/** A real server with event streams, and sessions that do as they are told. */
export async function eventStreamServer(options: EventStreamServerOptions = {}): Promise<EventStreamTestServer> {
  const { acknowledges = true, around = (handler) => handler, ...more } = options;
  const sessions: StreamingSession[] = [];
  const [clock, log] = [fakeClock(), recordedLog()];
  const accept: Accept = (socket, dialect) => {
    const session = new StreamingSession(socket, dialect);
    sessions.push(session);
    if (acknowledges) queueMicrotask(() => session.acknowledge());
    return session;
  };
  const streams = new EventStreams({
    distinct: eventStream,
    single: singleEventStream,
    request: decodeRequest,
    accept,
    clock,
    log,
    ...more,
  });
  const service = httpService({ engine: new PlainEngine(), log, parse: parseJson, decode: decodeRequest, streams });
  const server = createServer(around(nodeHandler(service)));
  const port = await listenAnywhere(server);
  const send = (sent: SentRequest = {}): Promise<Answer> => answerOf(port, sent);
  return {
    streams,
    service,
    server,
    port,
    clock,
    log,
    sessions,
    session: (index = 0) =>
      eventually(() => {
        const session = sessions[index];
        if (!session) throw new Error("No session was opened");
        return session;
      }),
    send,
    async reserve(headers = {}) {
      const answer = await send({ method: "PUT", headers });
      return answer.whole();
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await closeServer(server);
      await streams[Symbol.asyncDispose]();
    },
  };
}

export const streamHeaders: Readonly<Record<string, string>> = {
  accept: "text/event-stream",
  "content-type": "application/json",
};

async function answerOf(port: number, { body, ...options }: SentRequest): Promise<Answer> {
  const request = httpRequest({ port, host: "127.0.0.1", path: "/graphql", method: "POST", ...options });
  request.on("error", () => undefined);
  request.end(typeof body === "object" ? JSON.stringify(body) : body);
  const [response]: IncomingMessage[] = await once(request, "response");
  if (!response) throw new Error("There was no response");
  let text = "";
  response.setEncoding("utf8").on("data", (piece: string) => (text += piece));
  const ended = new Promise((resolve) => response.once("close", resolve));
  response.on("error", () => undefined);
  const whole = async (): Promise<string> => {
    await ended;
    return text;
  };
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    response,
    get text() {
      return text;
    },
    get problem() {
      return whole().then((json) => JSON.parse(json).errors[0].message);
    },
    has: (wanted) =>
      vi.waitUntil(() => text.includes(wanted), { timeout: patience, interval: 5 }).then(() => undefined),
    whole,
  };
}
