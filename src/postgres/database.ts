/** The result of a query, as far as it is looked at here: rows are objects whose columns are all text. */
export interface QueryResult {
  readonly rows: readonly unknown[];
}

/** A connection of `pg`, a PGlite, or a transaction of either. */
export interface Queryable {
  query(text: string, values?: unknown[]): Promise<QueryResult>;
}

/** A connection that a pool lends, as far as it takes to run queries on it. */
export interface LentConnection extends Queryable {
  on(event: "error", listener: () => void): unknown;
  off(event: "error", listener: () => void): unknown;
  /** Gives the connection back; `true` closes it. */
  release(destroy?: boolean): void;
}

/** A pool, by the kind of its connections. */
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
  /** Runs several statements. */
  exec(text: string): Promise<unknown>;
}

/** The database: a `pg.Pool`, or an embedded PGlite. The application that made it closes it. */
export type PostgresClient = PostgresPool | EmbeddedPostgres;

export function isEmbedded(client: PostgresClient): client is EmbeddedPostgres {
  return "transaction" in client;
}

/** A row by the names of its columns, all of them cast to text by the query: drivers differ in everything else. */
export type TextRow = Readonly<Record<string, string | null>>;

/** The rows of a query whose columns are all text. */
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

/** A column that is never null. */
export function textOf(row: TextRow, column: string): string {
  const value = row[column];
  if (value == null) throw new TypeError(`A query gave nothing for ${column}`);
  return value;
}

/**
 * Does something on a connection of its own. A connection on which that failed is closed, not given back: its error may be
 * the first sign that it breaks off, and its transaction may be open.
 *
 * @param restore makes the connection fit for others after a failure: where that succeeds, it is given back after all.
 */
export async function withConnection<Connection extends LentConnection, Result>(
  pool: Lender<Connection>,
  run: (connection: Connection) => Promise<Result>,
  restore?: (connection: Connection) => Promise<unknown>,
): Promise<Result> {
  const connection = await pool.connect();
  let broken = false;
  // Queries that wait get the error as their rejection. Without a listener, Node would end the process besides.
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
 * Does something in a transaction of its own, which is rolled back when that fails.
 *
 * @param opening the statements that it begins with.
 */
export function inTransaction<Result>(
  client: PostgresClient,
  opening: string,
  run: (transaction: Queryable) => Promise<Result>,
): Promise<Result> {
  if (!isEmbedded(client)) return inPooledTransaction(client, opening, run);
  return client.transaction(async (transaction) => {
    await transaction.exec(opening);
    return run(transaction);
  });
}

/** The same for a pool, whose own kind of connection `run` is given. */
export function inPooledTransaction<Connection extends LentConnection, Result>(
  pool: Lender<Connection>,
  opening: string,
  run: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  return withConnection(
    pool,
    async (connection) => {
      await connection.query(`begin; ${opening}`);
      const result = await run(connection);
      await connection.query("commit");
      return result;
    },
    (connection) => connection.query("rollback"),
  );
}
