import type { Clock } from "../base/clock.ts";
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
} from "./database.ts";
import { identifier } from "./quote.ts";
import { forTransaction, indexOrder } from "./settings.ts";

const settings = forTransaction(indexOrder);

/** How long a database may take to answer, in milliseconds, before it counts as gone. */
const patience = 30_000;

export interface ConnectionOptions {
  readonly client: PostgresClient;
  readonly clock: Clock;
  /** A channel of `notify` to listen to; undefined: none. */
  readonly channel: string | undefined;
  /** Told of every notification on the channel. */
  readonly onNotification: () => void;
  /**
   * The error that is thrown for one of the database.
   *
   * @param doing what was tried, as it stands in the message: "read the outbox".
   */
  readonly errorOf: (doing: string, error: unknown) => Error;
}

/** The ways to ask a database: a statement alone, or one in a read-only transaction with the settings above. */
interface Statements extends Queryable {
  read(text: string, values: unknown[]): Promise<QueryResult>;
}

/**
 * One connection for a purpose of its own: what an application does with its pool cannot keep a leader from saying that it
 * is alive. What writes is a single statement, so no lock outlives it, whatever becomes of the process in between. The
 * connection's own settings stay as they are: behind a pooler, others get it next.
 */
export class Connection implements AsyncDisposable {
  readonly #statements: Statements;
  readonly #options: ConnectionOptions;
  readonly #close: () => Promise<void> | void;

  private constructor(statements: Statements, options: ConnectionOptions, close: () => Promise<void> | void) {
    this.#statements = statements;
    this.#options = options;
    this.#close = close;
  }

  /** @throws what `errorOf` makes of an error. */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const { client, channel, onNotification } = options;
    if (isEmbedded(client)) {
      const unlisten = channel === undefined ? undefined : await client.listen(channel, onNotification);
      return new Connection(embedded(client), options, () => unlisten?.());
    }
    const lent = await connected(client.connect(), options);
    // A connection that breaks off while nothing is asked says so by an event, and ends the process if nobody listens.
    lent.on("error", () => undefined);
    lent.on("notification", onNotification);
    const connection = new Connection(pooled(lent), options, () => {
      lent.off("notification", onNotification);
      // Closed, since an answer that was given up may still be on its way.
      lent.release(true);
    });
    try {
      if (channel !== undefined) await connection.query("listen", `listen ${identifier(channel)}`);
      return connection;
    } catch (error) {
      await connection[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * @param doing as for `errorOf`.
   * @throws what `errorOf` makes of an error.
   */
  query(doing: string, text: string, values: readonly string[] = []): Promise<readonly TextRow[]> {
    return this.#answer(doing, this.#statements.query(text, [...values]));
  }

  /** The same for a query that reads, and that indexes can answer. */
  read(doing: string, text: string, values: readonly string[]): Promise<readonly TextRow[]> {
    return this.#answer(doing, this.#statements.read(text, [...values]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  async #answer(doing: string, answer: Promise<QueryResult>): Promise<readonly TextRow[]> {
    const { clock, errorOf } = this.#options;
    try {
      const { rows } = await inTime(answer, clock);
      return rows.map(textRow);
    } catch (error) {
      throw errorOf(doing, error);
    }
  }
}

/** Keeps statements out of the transactions between them: the lead is renewed at any time. */
function pooled(connection: PoolConnection): Statements {
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

function embedded(client: EmbeddedPostgres): Statements {
  return {
    query: (text, values) => client.query(text, values),
    read: (text, values) => inTransaction(client, settings, (transaction) => transaction.query(text, values)),
  };
}

async function connected(
  connecting: Promise<PoolConnection>,
  { clock, errorOf }: ConnectionOptions,
): Promise<PoolConnection> {
  try {
    return await inTime(connecting, clock);
  } catch (error) {
    // The connection may come when nobody waits for it any more.
    void connecting.then(
      (connection) => connection.release(true),
      () => undefined,
    );
    throw errorOf("connect", error);
  }
}

async function inTime<Value>(promise: Promise<Value>, clock: Clock): Promise<Value> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = clock.after(patience, () => reject(new Error(`no answer within ${patience / 1000} s`)));
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer[Symbol.dispose]();
  }
}
