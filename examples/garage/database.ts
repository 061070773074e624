import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import type { PgDatabase, PgQueryResultHKT } from "drizzle-orm/pg-core";
import { drizzle as drizzleEmbedded } from "drizzle-orm/pglite";
import { drizzle } from "drizzle-orm/node-postgres";
import { Pool, type Client, type PoolClient } from "pg";
import type { Config } from "./config.ts";
import { lockFolder } from "./folder-lock.ts";
import { StartError } from "./start-error.ts";

export type Database = PgDatabase<PgQueryResultHKT>;

/** A database with its tables and first rows. */
export interface OpenDatabase extends AsyncDisposable {
  readonly database: Database;
  /** The same without Drizzle. */
  readonly client: Pool | PGlite;
  /** Where it is, without a password. */
  readonly place: string;
}

/**
 * Opens the PostgreSQL of the configuration, or else the embedded one.
 *
 * @throws StartError when it cannot be used.
 */
export function openDatabase({ database, folder }: Pick<Config, "database" | "folder">): Promise<OpenDatabase> {
  return database === undefined ? openEmbedded(folder) : openPostgres(database);
}

/** @param folder where the data is kept; undefined keeps it in memory, until the end of the process. */
async function openEmbedded(folder: string | undefined): Promise<OpenDatabase> {
  await using opening = new AsyncDisposableStack();
  if (folder !== undefined) opening.use(await lockFolder(folder));
  const client = await PGlite.create(folder === undefined ? {} : { dataDir: join(folder, "postgres") });
  opening.defer(() => client.close());
  await client.exec(await tables());
  const opened = opening.move();
  return {
    database: drizzleEmbedded({ client }),
    client,
    place: folder ?? "in memory, until the end; DATA_DIR=.garage npm start keeps it",
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function openPostgres(url: string): Promise<OpenDatabase> {
  const client = poolAt(url);
  // A connection that breaks off while nothing is asked says so by an event. The next question opens another one.
  client.on("error", () => undefined);
  try {
    await client.query(await tables());
    const connection: PoolClient & Partial<Client> = await client.connect();
    const { database, host } = connection;
    connection.release();
    return {
      database: drizzle({ client }),
      client,
      place: `the database ${database} at ${host}`,
      [Symbol.asyncDispose]: () => client.end(),
    };
  } catch (error) {
    await client.end();
    throw unusable(error);
  }
}

function poolAt(url: string): Pool {
  try {
    return new Pool({ connectionString: url, connectionTimeoutMillis: 10_000 });
  } catch (error) {
    throw unusable(error);
  }
}

function tables(): Promise<string> {
  return readFile(new URL("tables.sql", import.meta.url), "utf8");
}

function unusable(error: unknown): StartError {
  return new StartError(`DATABASE_URL cannot be used: ${messageOf(error)}`, { cause: error });
}

/** A name with several addresses fails with one error for each of them, and has no message of its own. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(messageOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}
