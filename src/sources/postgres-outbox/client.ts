/** What a query gives, as far as it is looked at here: rows are objects whose columns are all text. */
export interface QueryResult {
  readonly rows: readonly unknown[];
}

/** Whatever runs a query: a connection of `pg`, or PGlite, or a transaction of either. */
export interface Queryable {
  query(text: string, values?: unknown[]): Promise<QueryResult>;
}

/** A connection of a `pg.Pool`, as far as it is used. */
export interface PoolConnection extends Queryable {
  on(event: "error" | "notification", listener: () => void): unknown;
  off(event: "error" | "notification", listener: () => void): unknown;
  /** Gives the connection back; `true` closes it. */
  release(destroy?: boolean): void;
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

/** The database: a `pg.Pool`, or an embedded PGlite. Whoever made it closes it. */
export type PostgresClient = PostgresPool | EmbeddedPostgres;

export function isEmbedded(client: PostgresClient): client is EmbeddedPostgres {
  return "transaction" in client;
}
