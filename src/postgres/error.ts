import { FanfareError } from "../base/error.ts";

/** PostgreSQL's code of an error (SQLSTATE), `42501`; undefined for one that did not come from it. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Advice for errors that do not go away by themselves, as it stands behind their message. */
export interface Remedies {
  /** Which right the role needs. */
  readonly right: string;
  /** How to install the schemas, tables, columns and functions that are not there. */
  readonly install: string;
  /** By further codes. */
  readonly others?: ReadonlyMap<string, string>;
}

/** By the codes of https://www.postgresql.org/docs/current/errcodes-appendix.html */
const common: ReadonlyMap<string, string> = new Map([
  ["28000", "Correct the user, its password or pg_hba.conf"],
  ["28P01", "Correct the user, its password or pg_hba.conf"],
  ["3D000", "Create the database, or name another one"],
]);

/** Insufficient privilege. */
const right = "42501";

/** Invalid schema name; undefined table, column, function. */
const missing: ReadonlySet<string> = new Set(["3F000", "42P01", "42703", "42883"]);

/** Undefined for an error that may go away by itself. */
function remedyOf(error: unknown, remedies: Remedies): string | undefined {
  const code = codeOf(error) ?? "";
  if (code === right) return remedies.right;
  if (missing.has(code)) return remedies.install;
  return remedies.others?.get(code) ?? common.get(code);
}

/**
 * What went wrong with a database, as a source tells it: SOURCE_NOT_READY with a remedy where a right or an object is
 * missing, for that does not go away by itself, and SOURCE_UNAVAILABLE for everything else.
 *
 * @param name who tells it: the source's name.
 * @param doing what was tried, as it stands in the message: "read the slot".
 */
export function sourceError(name: string, doing: string, error: unknown, remedies: Remedies): FanfareError {
  if (error instanceof FanfareError) return error;
  const why = error instanceof Error ? error.message : String(error);
  const message = `${name}: could not ${doing}: ${why}`;
  const remedy = remedyOf(error, remedies);
  if (remedy === undefined) return new FanfareError("SOURCE_UNAVAILABLE", message, { cause: error });
  return new FanfareError("SOURCE_NOT_READY", `${message}. ${remedy}`, { cause: error });
}
