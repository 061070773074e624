import { forTransaction, noCompilation } from "./settings.ts";

const ownSettings = forTransaction(noCompilation);

/** The result of a query, as far as it is used: rows are objects whose columns are all text. */
export interface QueryResult {
  readonly rows: readonly unknown[];
}

/** A connection of `pg`, a PGlite, or a transaction of either. */
export interface Queryable {
  query(text: string, values?: unknown[]): Promise<QueryResult>;
}

/** A connection that a pool lends, as far as it is used. */
export interface LentConnection extends Queryable {
  on(event: "error", listener: () => void): unknown;
  off(event: "error", listener: () => void): unknown;
  /** Returns the connection to its pool; `destroy`: closes it instead. */
  release(destroy?: boolean): void;
}

/** A pool of connections of a given type. */
export interface Lender<Connection extends LentConnection> {
  connect(): Promise<Connection>;
}

/** A connection of a `pg.Pool`, as far as it is used. */
export interface PoolConnection extends LentConnection {
  on(event: "error" | "notification", listener: () => void): unknown;
  off(event: "error" | "notification", listener: () => void): unknown;
}

/** A `pg.Pool`, as far as it is used. */
export interface PostgresPool {
  connect(): Promise<PoolConnection>;
}

/** A PGlite, as far as it is used. */
export interface EmbeddedPostgres extends Queryable {
  transaction<Result>(run: (transaction: EmbeddedTransaction) => Promise<Result>): Promise<Result>;
  listen(channel: string, callback: () => void): Promise<() => Promise<void>>;
}

export interface EmbeddedTransaction extends Queryable {
  /** Runs several statements, separated by semicolons. */
  exec(text: string): Promise<unknown>;
}

/** A database: a `pg.Pool`, or an embedded PGlite. It stays the application's, which closes it. */
export type PostgresClient = PostgresPool | EmbeddedPostgres;

export function isEmbedded(client: PostgresClient): client is EmbeddedPostgres {
  return "transaction" in client;
}

/** A row whose columns the query has cast to text, by their names. Drivers decode every other type differently. */
export type TextRow = Readonly<Record<string, string | null>>;

/** Runs a query whose columns are all text. */
export async function textRows(
  database: Queryable,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly TextRow[]> {
  const { rows } = await database.query(text, [...values]);
  return rows.map(textRow);
}

export function textRow(row: unknown): TextRow {
  if (typeof row !== "object" || row === null) throw new TypeError("A query gave no row");
  return Object.fromEntries(
    Object.entries(row).map(([name, value]): [string, string | null] => [name, value === null ? null : String(value)]),
  );
}

/** The value of a column that is never null. */
export function textOf(row: TextRow, column: string): string {
  const value = row[column];
  if (value == null) throw new TypeError(`A query gave nothing for ${column}`);
  return value;
}

/**
 * Runs `run` on a connection from `pool`. After a failure the connection is closed instead of returned, since it may be
 * about to break, or may have an open transaction.
 *
 * @param restore repairs the connection after a failure; if that succeeds, the connection is returned to the pool.
 */
export async function withConnection<Connection extends LentConnection, Result>(
  pool: Lender<Connection>,
  run: (connection: Connection) => Promise<Result>,
  restore?: (connection: Connection) => Promise<unknown>,
): Promise<Result> {
  const connection = await pool.connect();
  let broken = false;
  // Waiting queries reject with the error as well; without a listener, the event would end the process.
  const onError = (): void => void (broken = true);
  connection.on("error", onError);
  try {
    return await run(connection);
  } catch (error) {
    if (restore) await restore(connection).catch(onError);
    else broken = true;
    throw error;
  } finally {
    connection.off("error", onError);
    connection.release(broken);
  }
}

/**
 * Runs `run` in a transaction without JIT compilation, which is rolled back if `run` rejects.
 *
 * @param opening the first statements of the transaction.
 */
export function inTransaction<Result>(
  client: PostgresClient,
  opening: string,
  run: (transaction: Queryable) => Promise<Result>,
): Promise<Result> {
  if (!isEmbedded(client)) return inPooledTransaction(client, opening, run);
  return client.transaction(async (transaction) => {
    await transaction.exec(`${opening}; ${ownSettings}`);
    return run(transaction);
  });
}

/** Like {@link inTransaction} for a pool: `run` gets a connection of the pool's type. */
export function inPooledTransaction<Connection extends LentConnection, Result>(
  pool: Lender<Connection>,
  opening: string,
  run: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  return withConnection(
    pool,
    async (connection) => {
      await connection.query(`begin; ${opening}; ${ownSettings}`);
      const result = await run(connection);
      await connection.query("commit");
      return result;
    },
    (connection) => connection.query("rollback"),
  );
}

/** Runs a query of a pool whose columns are all text, in a transaction of its own: see {@link inPooledTransaction}. */
export function readRows<Connection extends LentConnection>(
  pool: Lender<Connection>,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly TextRow[]> {
  return inPooledTransaction(pool, "set transaction read only", (connection) => textRows(connection, text, values));
}
