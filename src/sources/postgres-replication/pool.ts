import type { LentConnection, QueryResult } from "../../postgres/database.ts";

/** A query whose rows are arrays of values as PostgreSQL prints them. */
export interface RawQuery {
  readonly text: string;
  readonly values: unknown[];
  readonly rowMode: "array";
  readonly types: { getTypeParser(): (value: string) => string };
}

/** A connection of a `pg.Pool`, as far as it is used. */
export interface PostgresConnection extends LentConnection {
  query(text: string, values?: unknown[]): Promise<QueryResult>;
  query(query: RawQuery): Promise<QueryResult>;
  on(event: "error", listener: (error: Error) => void): unknown;
  off(event: "error", listener: (error: Error) => void): unknown;
}

/** A `pg.Pool`, as far as it is used. It stays the application's, which closes it. */
export interface PostgresPool {
  query(text: string, values?: unknown[]): Promise<QueryResult>;
  connect(): Promise<PostgresConnection>;
}
