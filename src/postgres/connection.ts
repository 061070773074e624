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
import { forTransaction, indexOrder, noCompilation } from "./settings.ts";

const settings = forTransaction({ ...indexOrder, ...noCompilation });

/** The timeout of a query, in milliseconds; after it the database counts as unreachable. */
const patience = 30_000;

export interface ConnectionOptions {
  readonly client: PostgresClient;
  readonly clock: Clock;
  /** A channel of NOTIFY to LISTEN to; undefined: none. */
  readonly channel: string | undefined;
  /** Called for each notification on the channel. */
  readonly onNotification: () => void;
  /**
   * Makes the error that is thrown for an error of the database.
   *
   * @param doing the failed action, as it stands in the message: "read the outbox".
   */
  readonly errorOf: (doing: string, error: unknown) => Error;
}

/** Runs single statements, or a query in a read-only transaction with the settings {@link indexOrder}. */
interface Statements extends Queryable {
  read(text: string, values: unknown[]): Promise<QueryResult>;
}

/**
 * A dedicated connection, so that an application that exhausts its pool cannot keep a leader from renewing its lease.
 * Each write is a single statement, so no lock outlives it if the process dies. Settings are never changed for the
 * connection, only for a transaction: behind a pooler, another client gets the connection next.
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

  /** Takes a connection, and listens to the channel. Rejects with an error of `errorOf`. */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const { client, channel, onNotification } = options;
    if (isEmbedded(client)) {
      const unlisten = channel === undefined ? undefined : await client.listen(channel, onNotification);
      return new Connection(embedded(client), options, () => unlisten?.());
    }
    const lent = await connected(client.connect(), options);
    // An idle connection that breaks emits an error event, which without a listener would end the process.
    lent.on("error", () => undefined);
    lent.on("notification", onNotification);
    const connection = new Connection(pooled(lent), options, () => {
      lent.off("notification", onNotification);
      // Closed instead of returned, since the answer of an abandoned query may still arrive.
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
   * Runs a statement. Rejects with an error of `errorOf`.
   *
   * @param doing as for `errorOf`.
   */
  query(doing: string, text: string, values: readonly string[] = []): Promise<readonly TextRow[]> {
    return this.#answer(doing, this.#statements.query(text, [...values]));
  }

  /** Runs a query that only reads, and that indexes can answer. */
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

/** Serialises statements and transactions, so that a renewal of the lease cannot land inside a read's transaction. */
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
    // The connection may arrive after the timeout.
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
