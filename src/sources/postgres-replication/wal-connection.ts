import type { Clock } from "../../base/clock.ts";
import { FanfareError } from "../../base/error.ts";
import { textRows, type QueryResult } from "../../postgres/database.ts";
import { codeOf } from "../../postgres/error.ts";
import { identifier } from "../../postgres/quote.ts";
import { catalogPath, equalText, forConnection } from "../../postgres/settings.ts";
import { databaseError } from "./database-error.ts";
import { readLsn, writeLsn, type Lsn } from "./lsn.ts";
import { decodeMessage } from "./message.ts";
import { WaitingMessages, type WalMessage } from "./waiting-messages.ts";
import { WireReader } from "./wire-reader.ts";

/** The option of a `pg.Client` by which it connects in replication mode. */
export interface ReplicationMode {
  readonly replication: "database";
}

/** A `pg.Client` in replication mode, as far as it is used. The source connects and closes it. */
export interface ReplicationClient {
  readonly connection: {
    readonly stream: { write(bytes: Uint8Array): boolean; pause(): unknown; resume(): unknown };
    on(
      event: "replicationStart" | "copyData" | "notice",
      listener: (message: {
        readonly chunk?: Uint8Array;
        readonly message?: string;
        readonly routine?: string;
      }) => void,
    ): unknown;
  };
  connect(): Promise<unknown>;
  query(text: string): Promise<QueryResult>;
  end(): Promise<unknown>;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** The identity of a server and of its timeline, which changes with a restore and a failover. */
export interface ServerIdentity {
  readonly system: string;
  readonly timeline: string;
}

export interface WalStart {
  readonly slot: string;
  readonly publication: string;
  readonly from: Lsn;
}

/** Back-pressure: at this many waiting bytes the socket is paused, until half of them were read. */
const mostWaiting = 1_048_576;

/** The settings of the sending process, which prints the values: the form of `to_jsonb`, and a safe search path. */
const settings = forConnection({
  ...equalText,
  ...catalogPath,
  client_encoding: "'UTF8'",
  xmloption: "'content'",
  statement_timeout: "0",
  idle_session_timeout: "0",
  client_min_messages: "'warning'",
});

/**
 * The function of PostgreSQL that warns that a publication did not exist when a change was written. From 18 on the
 * server warns and leaves the changes out; earlier ones end the stream with the error "undefined object" (42704).
 */
const loading = "LoadPublications";

/** A replication connection, which receives the write-ahead log as messages of `pgoutput`. */
export class WalConnection implements AsyncDisposable {
  readonly identity: ServerIdentity;
  /** The end of the log when the connection was opened. */
  readonly began: Lsn;
  readonly #name: string;
  readonly #client: ReplicationClient;
  readonly #clock: Clock;
  readonly #queue = new WaitingMessages();
  #acknowledged: Lsn = 0n;
  #taken = 0;
  #failure: FanfareError | undefined;
  #paused = false;
  #ended = false;
  #wake: (() => void) | undefined;

  private constructor(
    name: string,
    client: ReplicationClient,
    clock: Clock,
    identity: ServerIdentity & { began: Lsn },
  ) {
    this.#name = name;
    this.#client = client;
    this.#clock = clock;
    this.identity = identity;
    this.began = identity.began;
  }

  /**
   * @throws FanfareError SOURCE_NOT_READY for a connection that is not in replication mode; SOURCE_UNAVAILABLE when the
   * database cannot be reached.
   */
  static async open(name: string, client: ReplicationClient, clock: Clock): Promise<WalConnection> {
    // An error of an idle connection arrives by this event only; an error of a query rejects the query as well.
    const opened: WalConnection[] = [];
    client.on("error", (error) => opened.forEach((connection) => connection.#fail(streamError(name, error))));
    try {
      await client.connect();
      const identity = await identify(client);
      for (const setting of settings) await client.query(setting);
      const connection = new WalConnection(name, client, clock, identity);
      opened.push(connection);
      return connection;
    } catch (error) {
      await client.end().catch(() => undefined);
      throw connectionError(name, error);
    }
  }

  /** The error that ended the connection; undefined while it works. */
  get failure(): FanfareError | undefined {
    return this.#failure;
  }

  /** The number of messages that have arrived and were not taken. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Starts replication; resolves when the server has begun to send. */
  async start({ slot, publication, from }: WalStart): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { connection } = this.#client;
    connection.on("replicationStart", () => resolve());
    connection.on("copyData", ({ chunk }) => this.#receive(chunk));
    connection.on("notice", ({ routine, message }) => {
      if (routine === loading)
        this.#fail(streamError(this.#name, Object.assign(new Error(message), { code: "42704" })));
    });
    this.#acknowledged = from;
    const publications = identifier(publication).replaceAll("'", "''");
    const options = `proto_version '1', publication_names '${publications}', messages 'true'`;
    const place = `SLOT ${identifier(slot)} LOGICAL ${writeLsn(from)}`;
    const running = this.#client.query(`START_REPLICATION ${place} (${options})`);
    // The query runs as long as the log is streamed, so its end is always a failure.
    const ended = running.then(
      () => this.#fail(new FanfareError("SOURCE_UNAVAILABLE", `${this.#name}: the server ended the stream`)),
      (error: unknown) => this.#fail(streamError(this.#name, error)),
    );
    await Promise.race([promise, ended]);
    if (this.#failure) throw this.#failure;
  }

  /** The total number of bytes of the messages that were taken. */
  get taken(): number {
    return this.#taken;
  }

  /** Removes and returns the next message; undefined if none has arrived. */
  take(): WalMessage | undefined {
    const waiting = this.#queue.bytes;
    const message = this.#queue.take();
    this.#taken += waiting - this.#queue.bytes;
    if (this.#paused && this.#queue.bytes <= mostWaiting / 2 && !this.#ended) {
      this.#paused = false;
      this.#client.connection.stream.resume();
    }
    return message;
  }

  /** Returns the next message without removing it. */
  peek(): WalMessage | undefined {
    return this.#queue.peek();
  }

  /** Resolves when a message has arrived, the connection has failed, or `signal` aborts. */
  async arrival(signal: AbortSignal): Promise<void> {
    if (this.#queue.length > 0 || this.#failure || this.#ended || signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const wake = (): void => resolve();
    signal.addEventListener("abort", wake, { once: true });
    await promise;
    signal.removeEventListener("abort", wake);
    this.#wake = undefined;
  }

  /** Sends a status update: the server may discard the log before `lsn`, and this connection is alive. */
  acknowledge(lsn: Lsn): void {
    if (this.#ended) return;
    this.#acknowledged = lsn;
    this.#client.connection.stream.write(statusUpdate(lsn, this.#clock.now()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#queue.clear();
    this.#wake?.();
    await this.#client.end().catch(() => undefined);
  }

  /** Decodes a chunk at once, since the driver's parser reuses its memory. */
  #receive(chunk: Uint8Array | undefined): void {
    if (this.#ended || this.#failure || !chunk) return;
    try {
      this.#read(new WireReader(chunk), chunk.length);
    } catch (error) {
      this.#fail(databaseError(this.#name, "read the log", error));
    }
  }

  #read(reader: WireReader, bytes: number): void {
    const letter = reader.letter();
    if (letter === "w") {
      // Skips three fields of XLogData: the position of the data, the end of the log, the time of sending.
      for (let number = 0; number < 3; number += 1) reader.uint64();
      const message = decodeMessage(reader.rest());
      if (message) this.#push(message, bytes);
    } else if (letter === "k") {
      this.#push({ kind: "progress", end: reader.uint64() }, 0);
      reader.uint64();
      const answerAtOnce = reader.byte() === 1;
      if (answerAtOnce) this.acknowledge(this.#acknowledged);
    }
  }

  #push(message: WalMessage, bytes: number): void {
    this.#queue.push(message, bytes);
    if (!this.#paused && this.#queue.bytes > mostWaiting) {
      this.#paused = true;
      this.#client.connection.stream.pause();
    }
    this.#wake?.();
  }

  #fail(error: FanfareError): void {
    if (this.#ended) return;
    this.#failure ??= error;
    this.#wake?.();
  }
}

async function identify(client: ReplicationClient): Promise<ServerIdentity & { began: Lsn }> {
  const [row] = await textRows({ query: (text) => client.query(text) }, "IDENTIFY_SYSTEM");
  return {
    system: row?.["systemid"] ?? "",
    timeline: row?.["timeline"] ?? "",
    began: readLsn(row?.["xlogpos"] ?? "0/0"),
  };
}

/**
 * The error of opening a connection. A pooler refuses the parameter `replication` (PgBouncer with 08P01), or drops it,
 * and IDENTIFY_SYSTEM is a syntax error then.
 */
function connectionError(name: string, error: unknown): FanfareError {
  const code = codeOf(error);
  const why = error instanceof Error ? error.message : String(error);
  if (code === "42601" || code === "08P01" || /unsupported startup parameter/i.test(why)) {
    const message =
      `${name}: the connection for replication is none (${why}). Make it with replication: "database", and directly to ` +
      "PostgreSQL: poolers such as PgBouncer, Supavisor or Pgpool-II cannot pass it on when they pool transactions";
    return new FanfareError("SOURCE_NOT_READY", message, { cause: error });
  }
  if (code === "42501") {
    const message = `${name}: the role may not replicate (${why}). Run: alter role … replication`;
    return new FanfareError("SOURCE_NOT_READY", message, { cause: error });
  }
  return databaseError(name, "connect for replication", error);
}

/** The error of an ended stream. Its cause is the server's error. */
function streamError(name: string, error: unknown): FanfareError {
  const why = error instanceof Error ? error.message : String(error);
  return new FanfareError("SOURCE_UNAVAILABLE", `${name}: the stream broke off: ${why}`, { cause: error });
}

/** https://www.postgresql.org/docs/current/protocol-replication.html, "Standby status update" */
function statusUpdate(lsn: Lsn, now: number): Uint8Array {
  const bytes = Buffer.alloc(39);
  bytes.write("d", 0);
  bytes.writeUInt32BE(38, 1);
  bytes.write("r", 5);
  for (const offset of [6, 14, 22]) bytes.writeBigUInt64BE(lsn, offset);
  bytes.writeBigInt64BE(BigInt(Math.floor(now) - Date.UTC(2000, 0, 1)) * 1000n, 30);
  return bytes;
}
