import type { Socket } from "../../contract/socket.ts";
import { ContractStage } from "../contract-stage.ts";
import type { Runner } from "../runner.ts";
import { pause } from "../wait.ts";
import type { SocketClient, SocketContractOptions } from "./options.ts";
import { RecordedSession } from "./recorded-session.ts";

/** A connection with both of its ends. */
export interface Connection {
  readonly client: SocketClient;
  readonly session: RecordedSession;
  readonly socket: Socket;
}

/** Of one message, when a client is made to wait. */
const pieceBytes = 49_152;
/** More messages than any kernel takes for a client that does not read: 64 MiB of them. */
const mostPieces = 1_024;
/** A socket that was blocked as often as this, 2 ms apart, is blocked by its client and not by its own work. */
const looks = 60;

/** What one case plays on: connections of its own. */
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

  /** Waits until a client has as many messages as are expected, and compares them. */
  async arrived({ client }: Connection, expected: readonly string[]): Promise<void> {
    await this.until(() => client.messages.length >= expected.length, `${expected.length} messages`);
    // A comparison of long texts that differ takes the runner minutes to show.
    const same = expected.map((text, index) => text === client.messages[index]);
    this.expect(same).toEqual(expected.map(() => true));
    this.expect(client.messages.length).toBe(expected.length);
  }

  /** Gives everything that has happened the time to be told. */
  async settle(): Promise<void> {
    const other = await this.connect();
    await this.arrived(other, other.session.write('"settled"'));
    await pause(2);
  }

  async closed({ session }: Connection): Promise<{ readonly code: number; readonly reason: string }> {
    await this.until(() => session.closings.length > 0, "the end of the connection");
    return session.closings[0] ?? { code: 0, reason: "" };
  }

  /** Writes to a client that reads nothing until it makes the socket wait. Answers the messages that it was sent. */
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
    // What the kernel might take after all, it takes of these.
    for (let more = 0; more < 64; more += 1) sent.push(...session.write(noise()));
    return sent;
  }

  /** Ends all connections, and says what their sockets did that no socket may do in any case. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) {
      await this.within(connection.client[Symbol.asyncDispose](), "the end of the client");
      await this.closed(connection);
    }
    await pause(2);
    this.expect(this.#connections.flatMap(({ session }) => session.faults)).toEqual([]);
  }
}

/** A text, as JSON, that cannot be compressed. */
export function noise(bytes: number = pieceBytes): string {
  const random = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at += 65_536) crypto.getRandomValues(random.subarray(at, at + 65_536));
  return JSON.stringify(random.toString("base64"));
}
