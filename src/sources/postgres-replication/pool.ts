import type { LentConnection, QueryResult } from "../../postgres/database.ts";

/** A query whose values come as PostgreSQL prints them, and whose rows are arrays. */
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

/** A `pg.Pool`, as far as it is used. The application that made it closes it. */
export interface PostgresPool {
  query(text: string, values?: unknown[]): Promise<QueryResult>;
  connect(): Promise<PostgresConnection>;
}
