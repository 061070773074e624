import { PGlite } from "@electric-sql/pglite";
import type { PostgresClient } from "../../../src/sources/postgres-outbox.ts";
import { PostgresServer } from "../../servers/postgres.ts";

/** An empty database of a server or of PGlite. */
export interface TestDatabase extends AsyncDisposable {
  readonly client: PostgresClient;
  /** Runs statements, one after another, on one connection. */
  run(sql: string): Promise<void>;
  /** The rows of a query, whose columns are text or null. */
  rows(sql: string): Promise<readonly Readonly<Record<string, string | null>>[]>;
}

/** A server or PGlite, in which any number of databases can be opened. */
export interface TestPlace extends AsyncDisposable {
  open(): Promise<TestDatabase>;
}

export const places: readonly { readonly name: string; readonly start: () => Promise<TestPlace> }[] = [
  { name: "PostgreSQL", start: () => PostgresPlace.start() },
  { name: "PGlite", start: () => EmbeddedPlace.start() },
];

export class PostgresPlace implements TestPlace {
  readonly server: PostgresServer;
  #count = 0;

  constructor(server: PostgresServer) {
    this.server = server;
  }

  static async start(settings: Readonly<Record<string, string | number>> = {}): Promise<PostgresPlace> {
    return new PostgresPlace(await PostgresServer.open({ settings }));
  }

  async open(): Promise<PostgresDatabase> {
    this.#count += 1;
    const name = `test_${this.#count}`;
    await this.server.psql(`create database ${name}`);
    return new PostgresDatabase(this.server, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }
}

export class PostgresDatabase implements TestDatabase {
  readonly server: PostgresServer;
  readonly name: string;
  readonly client: ReturnType<PostgresServer["pool"]>;

  constructor(server: PostgresServer, name: string) {
    this.server = server;
    this.name = name;
    this.client = server.pool({ database: name, max: 40 });
  }

  async run(sql: string): Promise<void> {
    await this.client.query(sql);
  }

  async rows(sql: string): Promise<readonly Readonly<Record<string, string | null>>[]> {
    const { rows } = await this.client.query<Record<string, unknown>>(sql);
    return rows.map(asText);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.end();
  }
}

/** PGlite, which takes long to start and has one database. It is emptied each time. */
class EmbeddedPlace implements TestPlace {
  readonly #client: PGlite;

  constructor(client: PGlite) {
    this.#client = client;
  }

  static async start(): Promise<EmbeddedPlace> {
    return new EmbeddedPlace(await PGlite.create());
  }

  async open(): Promise<TestDatabase> {
    const client = this.#client;
    await client.exec(`do $$ declare name text; begin
      for name in select nspname from pg_namespace where nspname !~ '^pg_|^information_schema' loop
        execute format('drop schema %I cascade', name);
      end loop;
    end $$; create schema public`);
    return {
      client,
      run: async (sql) => void (await client.exec(sql)),
      rows: async (sql) => (await client.query<Record<string, unknown>>(sql)).rows.map(asText),
      [Symbol.asyncDispose]: async () => undefined,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
  }
}

function asText(row: Readonly<Record<string, unknown>>): Readonly<Record<string, string | null>> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]): [string, string | null] => [
      name,
      typeof value === "string" || value === null ? value : JSON.stringify(value),
    ]),
  );
}
