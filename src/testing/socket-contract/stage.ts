import type { Socket } from "../../contract/socket.ts";
import { ContractStage } from "../contract-stage.ts";
import type { Runner } from "../runner.ts";
import { pause } from "../wait.ts";
import type { SocketClient, SocketContractOptions } from "./options.ts";
import { RecordedSession } from "./recorded-session.ts";

/** Both ends of a connection. */
export interface Connection {
  readonly client: SocketClient;
  readonly session: RecordedSession;
  readonly socket: Socket;
}

/** The size of a message by which a socket is filled, before base64. */
const pieceBytes = 49_152;
/** More messages than a kernel buffers for a client that does not read: 64 MiB. */
const mostPieces = 1_024;
/** The number of checks, 2 ms apart, after which a blocked socket is blocked by its client and not by its own work. */
const looks = 60;

/** The fixture of a case: its own connections. */
export class Stage extends ContractStage implements AsyncDisposable {
  readonly #options: SocketContractOptions;
  readonly #connections: Connection[] = [];

  constructor(options: SocketContractOptions, runner: Runner) {
    super(runner, options.patience ?? 4000);
    this.#options = options;
  }

  async connect(): Promise<Connection> {
    const sessions: RecordedSession[] = [];
    const opened = this.#options.open((socket, dialect) => {
      const session = new RecordedSession(socket, dialect);
      sessions.push(session);
      return session;
    });
    const client = await this.within(opened, "a connection");
    const [session, another] = sessions;
    if (!session || another) throw new Error(`${sessions.length} sessions were opened for one connection`);
    const connection = { client, session, socket: session.socket };
    this.#connections.push(connection);
    return connection;
  }

  /** Waits until a client has got the expected number of messages, and compares them. */
  async arrived({ client }: Connection, expected: readonly string[]): Promise<void> {
    await this.until(() => client.messages.length >= expected.length, `${expected.length} messages`);
    // Compared here, since the runner takes minutes to print the difference of long texts.
    const same = expected.map((text, index) => text === client.messages[index]);
    this.expect(same).toEqual(expected.map(() => true));
    this.expect(client.messages.length).toBe(expected.length);
  }

  /** Waits for a message on another connection, so that all earlier events have been reported. */
  async settle(): Promise<void> {
    const other = await this.connect();
    await this.arrived(other, other.session.write('"settled"'));
    await pause(2);
  }

  async closed({ session }: Connection): Promise<{ readonly code: number; readonly reason: string }> {
    await this.until(() => session.closings.length > 0, "the end of the connection");
    return session.closings[0] ?? { code: 0, reason: "" };
  }

  /** Writes to a client that does not read until the socket is blocked, and returns the messages. */
  async fill({ session, socket }: Connection): Promise<readonly string[]> {
    const sent: string[] = [];
    for (let blocked = 0; blocked < looks; blocked += 1) {
      if (!socket.blocked) {
        blocked = 0;
        if (sent.length >= mostPieces) throw new Error(`The socket is not blocked by ${mostPieces} messages`);
        sent.push(...session.write(noise()));
      }
      await pause(2);
    }
    // The kernel may still take some bytes; it takes them of these.
    for (let more = 0; more < 64; more += 1) sent.push(...session.write(noise()));
    return sent;
  }

  /** Ends all connections, and fails if their sockets have violated the contract in general. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) {
      await this.within(connection.client[Symbol.asyncDispose](), "the end of the client");
      await this.closed(connection);
    }
    await pause(2);
    this.expect(this.#connections.flatMap(({ session }) => session.faults)).toEqual([]);
  }
}

/** A JSON string of random characters, which cannot be compressed. */
export function noise(bytes: number = pieceBytes): string {
  const random = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at += 65_536) crypto.getRandomValues(random.subarray(at, at + 65_536));
  return JSON.stringify(random.toString("base64"));
}
