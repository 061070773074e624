import type { Client, Pool, PoolClient } from "pg";
import { CliError } from "../cli-error.ts";

/** The timeout of connecting, in milliseconds. */
const patience = 10_000;

/** A reachable PostgreSQL database. */
export interface Database extends AsyncDisposable {
  readonly pool: Pool;
  /** Host, database and user, without the password. */
  readonly name: string;
}

/** @throws CliError if the driver is not installed, or the database cannot be reached. */
export async function openDatabase(url: string): Promise<Database> {
  const pool = await poolAt(url);
  // An idle connection that breaks emits an error event. The next query reports the error.
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

/**
 * Connecting to a name with several addresses fails with an AggregateError without a message: one error per address.
 */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(messageOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}

/** Statements in one transaction, as a script for psql. */
export function inTransaction(statements: string): string {
  return `begin;\n${statements}\ncommit;\n`;
}
