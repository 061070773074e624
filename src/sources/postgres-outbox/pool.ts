import type { PoolConnection, PostgresPool } from "./client.ts";

/** Whoever waits for an answer gets the same error as its rejection. */
export function ignoreError(): void {}

/** Does something on a connection of its own, which is closed when that fails. */
export async function withConnection<Result>(
  pool: PostgresPool,
  run: (connection: PoolConnection) => Promise<Result>,
): Promise<Result> {
  const connection = await pool.connect();
  // Without a listener, a connection that breaks off would end the process.
  connection.on("error", ignoreError);
  let broken = true;
  try {
    const result = await run(connection);
    broken = false;
    return result;
  } finally {
    connection.off("error", ignoreError);
    // A connection in the midst of a failed transaction is not given to anybody else.
    connection.release(broken);
  }
}
