import type { Pool } from "pg";
import type { PoolConnection } from "../../src/sources/postgres-outbox.ts";
import type { PostgresConnection, RawQuery } from "../../src/sources/postgres-replication.ts";

/** A statement that was run, and whether PostgreSQL might have compiled it just in time. */
export interface WatchedStatement {
  readonly text: string;
  readonly jit: unknown;
}

/** Queries whose estimated cost grows with the database: of the application's tables and of the catalog. */
const growing = /"cars"|pg_attribute|pg_class|pg_type|pg_trigger|page as materialized/;

/** A real pool that notes, with each statement, the setting `jit` that holds for it. Disposal ends the pool. */
export class WatchedPool implements AsyncDisposable {
  readonly statements: WatchedStatement[] = [];
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** The queries that PostgreSQL may have compiled. */
  get compiled(): readonly WatchedStatement[] {
    const queries = this.statements.filter(({ text }) => /^\s*(?:select|with)/.test(text) && growing.test(text));
    return queries.filter(({ jit }) => jit !== "off");
  }

  async query(text: string, values?: unknown[]) {
    const connection = await this.connect();
    try {
      return await connection.query(text, values);
    } finally {
      connection.release();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end();
  }

  async connect(): Promise<PoolConnection & PostgresConnection> {
    const connection = await this.#pool.connect();
    const { statements } = this;
    return {
      async query(query: string | RawQuery, values?: unknown[]) {
        const text = typeof query === "string" ? query : query.text;
        const { rows } = await connection.query<{ jit: string }>("select current_setting('jit') as jit");
        statements.push({ text, jit: rows[0]?.jit });
        return typeof query === "string" ? connection.query(query, values) : connection.query(query);
      },
      on: (event: "error" | "notification", listener: (error: Error) => void) => connection.on(event, listener),
      off: (event: "error" | "notification", listener: (error: Error) => void) => connection.off(event, listener),
      release: (destroy?: boolean) => connection.release(destroy),
    };
  }
}
