import { FanfareError } from "../../base/error.ts";

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
