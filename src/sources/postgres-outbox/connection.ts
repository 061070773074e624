import type { Clock } from "../../base/clock.ts";
import { FanfareError } from "../../base/error.ts";
import {
  inTransaction,
  isEmbedded,
  textRow,
  type EmbeddedPostgres,
  type PoolConnection,
  type PostgresClient,
  type QueryResult,
  type Queryable,
  type TextRow,
} from "../../postgres/database.ts";
import { forTransaction, indexOrder } from "../../postgres/settings.ts";
import { databaseError } from "./database-error.ts";

const settings = forTransaction(indexOrder);

/** How long a database may take to answer, in milliseconds, before it counts as gone. */
const patience = 30_000;

/** How a database is asked: by one statement, or by one in a read-only transaction with the settings above. */
interface Connection extends Queryable {
  read(text: string, values: unknown[]): Promise<QueryResult>;
}

/**
 * One connection, which is the source's own: what an application does with its pool cannot keep a leader from saying that
 * it is alive. What writes is a single statement, so no lock outlives it, whatever becomes of the process in between. The
 * connection's own settings stay as they are: behind a pooler, others get it next.
 */
export class Session implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #close: () => Promise<void> | void;

  private constructor(connection: Connection, clock: Clock, close: () => Promise<void> | void) {
    this.#connection = connection;
    this.#clock = clock;
    this.#close = close;
  }

  /**
   * @param channel to listen to; undefined: none. @param onWake called when something is said there.
   * @throws FanfareError SOURCE_UNAVAILABLE, SOURCE_NOT_READY
   */
  static async open(
    client: PostgresClient,
    clock: Clock,
    channel: string | undefined,
    onWake: () => void,
  ): Promise<Session> {
    if (isEmbedded(client)) {
      const unlisten = channel === undefined ? undefined : await client.listen(channel, onWake);
      return new Session(embedded(client), clock, () => unlisten?.());
    }
    const connection = await connected(client.connect(), clock);
    // A connection that breaks off while nothing is asked says so by an event, and ends the process if nobody listens.
    connection.on("error", () => undefined);
    connection.on("notification", onWake);
    const session = new Session(pooled(connection), clock, () => {
      connection.off("notification", onWake);
      // It goes with whatever it may still be waiting for.
      connection.release(true);
    });
    if (channel !== undefined) await session.query("listen", `listen "${channel}"`);
    return session;
  }

  /**
   * @param doing what it is for, as it stands in an error's message: "read the outbox".
   * @throws FanfareError SOURCE_UNAVAILABLE, SOURCE_NOT_READY
   */
  async query(doing: string, text: string, values: readonly string[] = []): Promise<readonly TextRow[]> {
    return this.#answer(doing, this.#connection.query(text, [...values]));
  }

  /** The same for a query that reads the outbox, and that its indexes can answer. */
  async read(doing: string, text: string, values: readonly string[]): Promise<readonly TextRow[]> {
    return this.#answer(doing, this.#connection.read(text, [...values]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  async #answer(doing: string, answer: Promise<QueryResult>): Promise<readonly TextRow[]> {
    try {
      const { rows } = await inTime(answer, this.#clock);
      return rows.map(textRow);
    } catch (error) {
      throw databaseError(doing, error);
    }
  }
}

/** Keeps statements out of the transactions between them: the lead is renewed at any time. */
function pooled(connection: PoolConnection): Connection {
  let turn: Promise<unknown> = Promise.resolve();
  const next = <Result>(run: () => Promise<Result>): Promise<Result> => {
    const result = turn.then(run, run);
    turn = result;
    return result;
  };
  return {
    query: (text, values) => next(() => connection.query(text, values)),
    read: (text, values) =>
      next(async () => {
        await connection.query(`begin read only; ${settings}`);
        try {
          return await connection.query(text, values);
        } finally {
          await connection.query("commit");
        }
      }),
  };
}

function embedded(client: EmbeddedPostgres): Connection {
  return {
    query: (text, values) => client.query(text, values),
    read: (text, values) => inTransaction(client, settings, (transaction) => transaction.query(text, values)),
  };
}

async function connected(connecting: Promise<PoolConnection>, clock: Clock): Promise<PoolConnection> {
  try {
    return await inTime(connecting, clock);
  } catch (error) {
    // It may come when nobody waits any more.
    void connecting.then(
      (connection) => connection.release(true),
      () => undefined,
    );
    throw databaseError("connect", error);
  }
}

async function inTime<Value>(promise: Promise<Value>, clock: Clock): Promise<Value> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = clock.after(patience, () =>
    reject(new FanfareError("SOURCE_UNAVAILABLE", `postgres-outbox: no answer within ${patience / 1000} s`)),
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer[Symbol.dispose]();
  }
}
