import { FanfareError } from "../../base/error.ts";

/**
 * What went wrong with a database, as a FanfareError: SOURCE_NOT_READY where an object or a right is missing, for that
 * does not go away by itself, and SOURCE_UNAVAILABLE for everything else.
 *
 * @param doing what was tried, as it stands in the message: "read the outbox".
 */
export function databaseError(doing: string, error: unknown): FanfareError {
  if (error instanceof FanfareError) return error;
  const why = error instanceof Error ? error.message : String(error);
  const cure = cures.get(sqlState(error) ?? "");
  if (cure === undefined) {
    return new FanfareError("SOURCE_UNAVAILABLE", `postgres-outbox: could not ${doing}: ${why}`, { cause: error });
  }
  return new FanfareError("SOURCE_NOT_READY", `postgres-outbox: could not ${doing}: ${why}. ${cure}`, { cause: error });
}

function sqlState(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

export const howToInstall: string =
  "Call installOutbox as the owner of the tables, or print its SQL with outboxSql and run that";

/** By the codes of https://www.postgresql.org/docs/current/errcodes-appendix.html */
const cures: ReadonlyMap<string, string> = new Map([
  ["28000", "Correct the user, its password or pg_hba.conf"],
  ["28P01", "Correct the user, its password or pg_hba.conf"],
  ["3D000", "Create the database, or name another one"],
  ["42501", "Let installOutbox grant the right: `readers` to read the outbox, `publishers` to publish in transactions"],
  ["3F000", howToInstall],
  ["42P01", howToInstall],
  ["42703", howToInstall],
  ["42883", howToInstall],
]);
