import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Log } from "../../src/contract/log.ts";
import type { Socket, SocketHandler } from "../../src/contract/socket.ts";
import type { Dialect } from "../../src/dialects/dialect.ts";
import type { ClientMessage } from "../../src/dialects/message.ts";
import { graphqlTransportWs } from "../../src/dialects/graphql-transport-ws.ts";
import {
  websocketTransport,
  type WebSocketOptions,
  type WebSocketTransport,
} from "../../src/transports/websocket/websocket.ts";

/** What one session was told. */
export class RecordedSession implements SocketHandler {
  readonly socket: Socket;
  readonly dialect: Dialect;
  readonly messages: string[] = [];
  readonly received: ClientMessage[] = [];
  readonly closings: { code: number; reason: string }[] = [];
  pongs = 0;
  /** The sizes of the pings that came. */
  readonly pings: number[] = [];
  drains = 0;

  constructor(socket: Socket, dialect: Dialect) {
    this.socket = socket;
    this.dialect = dialect;
  }

  message(text: string): void {
    this.messages.push(text);
  }

  receive(message: ClientMessage): void {
    this.received.push(message);
  }

  alive(): void {
    this.pongs += 1;
  }

  pinged(bytes: number, answer: () => void): void {
    this.pings.push(bytes);
    answer();
  }

  drained(): void {
    this.drains += 1;
  }

  closed(code: number, reason: string): void {
    this.closings.push({ code, reason });
  }

  /** Sends each text as one message, all in one write. */
  send(...texts: string[]): void {
    const none = new Uint8Array();
    const parts = texts.flatMap((text) => [none, Buffer.from(text), none]);
    this.socket.write(parts, texts.length);
  }
}

export interface RecordedLog extends Log {
  readonly entries: string[];
}

export function recordedLog(): RecordedLog {
  const entries: string[] = [];
  return {
    entries,
    warn: (message) => void entries.push(message),
    error: (message) => void entries.push(message),
  };
}

export interface WebSocketTestServer extends AsyncDisposable {
  readonly transport: WebSocketTransport;
  readonly server: Server;
  readonly sessions: RecordedSession[];
  /** The first session. Throws if there is none. */
  readonly session: RecordedSession;
  readonly log: RecordedLog;
  readonly port: number;
  readonly url: string;
}

/** A real server with the transport, and sessions that only write down what they are told. */
export async function websocketServer(options: Partial<WebSocketOptions> = {}): Promise<WebSocketTestServer> {
  const sessions: RecordedSession[] = [];
  const log = recordedLog();
  const transport = websocketTransport({
    dialects: [graphqlTransportWs()],
    accept(socket, dialect) {
      const session = new RecordedSession(socket, dialect);
      sessions.push(session);
      return session;
    },
    ...options,
    log: options.log ?? log,
  });
  const server = createServer();
  server.on("upgrade", (request, stream, head) => transport.upgrade(request, stream, head));
  const port = await listenAnywhere(server);
  return {
    transport,
    server,
    sessions,
    get session() {
      const [first] = sessions;
      if (!first) throw new Error("No session was opened");
      return first;
    },
    log,
    port,
    url: `ws://127.0.0.1:${port}/graphql`,
    async [Symbol.asyncDispose]() {
      await transport[Symbol.asyncDispose]();
      await closeServer(server);
    },
  };
}

/** Listens on a free port of this machine. */
export async function listenAnywhere(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return portOf(server);
}

export function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("The server does not listen");
  return address.port;
}

export async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
