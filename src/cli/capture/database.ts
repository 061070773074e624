import type { Client, Pool, PoolClient } from "pg";
import { CliError } from "../cli-error.ts";

/** How long to wait for a database that does not answer, in milliseconds. */
const patience = 10_000;

/** A PostgreSQL database that answers. */
export interface Database extends AsyncDisposable {
  readonly pool: Pool;
  /** Where it is and who one is there, without the password. */
  readonly name: string;
}

/** @throws CliError when the driver is missing, or the database cannot be reached. */
export async function openDatabase(url: string): Promise<Database> {
  const pool = await poolAt(url);
  // A connection that breaks off while nothing is asked says so by an event. The next question tells it.
  pool.on("error", () => undefined);
  try {
    const client: PoolClient & Partial<Client> = await pool.connect();
    const { host, port, user, database } = client;
    client.release();
    return { pool, name: `${database} at ${host}:${port} as ${user}`, [Symbol.asyncDispose]: () => pool.end() };
  } catch (error) {
    await pool.end();
    throw unreachable(error);
  }
}

async function poolAt(connectionString: string): Promise<Pool> {
  const driver = await import("pg").catch((cause: unknown) => {
    const how = "npm install pg. Or --print the SQL and run it yourself";
    throw new CliError(`running this needs the package pg: ${how}`, 1, { cause });
  });
  try {
    return new driver.Pool({ connectionString, max: 1, connectionTimeoutMillis: patience });
  } catch (error) {
    throw unreachable(error);
  }
}

function unreachable(error: unknown): CliError {
  return new CliError(`could not connect to the database: ${messageOf(error)}`, 1, { cause: error });
}

/** A name with several addresses fails with one error for each of them, and has no message of its own. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(messageOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}

/** Statements that are run together, as a script for psql. */
export function inTransaction(statements: string): string {
  return `begin;\n${statements}\ncommit;\n`;
}
