import { FanfareError } from "../../base/error.ts";

/** What a query gives, as far as it is looked at here. */
export interface QueryResult {
  readonly rows: readonly unknown[];
}

/** A query whose values come as PostgreSQL prints them, and whose rows are arrays. */
export interface RawQuery {
  readonly text: string;
  readonly values: unknown[];
  readonly rowMode: "array";
  readonly types: { getTypeParser(): (value: string) => string };
}

export interface PostgresConnection {
  query(text: string, values?: unknown[]): Promise<QueryResult>;
  query(query: RawQuery): Promise<QueryResult>;
  /** Gives the connection back; `true` closes it. */
  release(destroy?: boolean): void;
  on(event: "error", listener: (error: Error) => void): unknown;
  off(event: "error", listener: (error: Error) => void): unknown;
}

/** A `pg.Pool`, as far as it is used. Whoever made it closes it. */
export interface PostgresPool {
  query(text: string, values?: unknown[]): Promise<QueryResult>;
  connect(): Promise<PostgresConnection>;
}

/** A row by the names of its columns, all of them cast to text by the query: drivers differ in everything else. */
export type TextRow = Readonly<Record<string, string | null>>;

/** The rows of a query whose columns are all text. */
export async function textRows(
  client: Pick<PostgresPool, "query">,
  text: string,
  values: unknown[] = [],
): Promise<readonly TextRow[]> {
  const { rows } = await client.query(text, values);
  return rows.map(textRow);
}

function textRow(row: unknown): TextRow {
  if (typeof row !== "object" || row === null) throw new TypeError("A query gave no row");
  return Object.fromEntries(
    Object.entries(row).map(([name, value]): [string, string | null] => [name, value === null ? null : String(value)]),
  );
}

/** Does something with a connection of its own. */
export async function withConnection<Result>(
  pool: PostgresPool,
  run: (connection: PostgresConnection) => Promise<Result>,
): Promise<Result> {
  const connection = await pool.connect();
  let broken = false;
  // A connection that breaks off tells its queries, and then everybody: nobody would listen, and Node end the process.
  const onError = (): void => void (broken = true);
  connection.on("error", onError);
  try {
    return await run(connection);
  } finally {
    connection.off("error", onError);
    connection.release(broken);
  }
}

/** Does something in a transaction of its own, which is rolled back when that fails. */
export function inTransaction<Result>(
  pool: PostgresPool,
  begin: string,
  run: (connection: PostgresConnection) => Promise<Result>,
): Promise<Result> {
  return withConnection(pool, async (connection) => {
    await connection.query(begin);
    try {
      const result = await run(connection);
      await connection.query("commit");
      return result;
    } catch (error) {
      // Fails where the connection is broken, and then there is nothing to roll back.
      await connection.query("rollback").catch(() => undefined);
      throw error;
    }
  });
}

/** PostgreSQL's code of an error, `42501`; undefined for one that did not come from it. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/**
 * What went wrong with a database, as a FanfareError: SOURCE_NOT_READY where a right or an object is missing, for that
 * does not go away by itself, and SOURCE_UNAVAILABLE for everything else.
 *
 * @param doing what was tried, as it stands in the message: "read the slot".
 */
export function databaseError(name: string, doing: string, error: unknown): FanfareError {
  if (error instanceof FanfareError) return error;
  const why = error instanceof Error ? error.message : String(error);
  const cause = { cause: error };
  const missing = missingThings.get(codeOf(error) ?? "");
  if (missing === undefined)
    return new FanfareError("SOURCE_UNAVAILABLE", `${name}: could not ${doing}: ${why}`, cause);
  return new FanfareError("SOURCE_NOT_READY", `${name}: could not ${doing}: ${why}. ${missing}`, cause);
}

const install = "Run installReplication as the owner of the tables, or print its SQL with replicationSql and run that.";

/** By the codes of https://www.postgresql.org/docs/current/errcodes-appendix.html */
const missingThings: ReadonlyMap<string, string> = new Map([
  ["28000", "Correct the user, its password or pg_hba.conf."],
  ["28P01", "Correct the user, its password or pg_hba.conf."],
  ["3D000", "Create the database, or name another one."],
  [
    "42501",
    "Grant the right: its role needs usage of the schema, all but delete on replication, and select on the rest.",
  ],
  ["3F000", install],
  ["42P01", install],
  ["42703", install],
  ["42883", install],
  ["53400", "Raise max_replication_slots, or drop a slot that nobody needs."],
]);
