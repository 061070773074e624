import { FanfareError } from "../base/error.ts";

/** The SQLSTATE of an error, such as `42501`; undefined for an error that is not PostgreSQL's. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Advice on permanent errors, which is appended to their message. */
export interface Remedies {
  /** The privilege that the role needs. */
  readonly right: string;
  /** How to install missing schemas, tables, columns and functions. */
  readonly install: string;
  /** Advice by further SQLSTATEs. */
  readonly others?: ReadonlyMap<string, string>;
}

/** Advice by SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const common: ReadonlyMap<string, string> = new Map([
  ["28000", "Correct the user, its password or pg_hba.conf"],
  ["28P01", "Correct the user, its password or pg_hba.conf"],
  ["3D000", "Create the database, or name another one"],
]);

/** Insufficient privilege. */
const right = "42501";

/** Invalid schema name; undefined table, column, function. */
const missing: ReadonlySet<string> = new Set(["3F000", "42P01", "42703", "42883"]);

/** The advice on a permanent error; undefined for an error that may be transient. */
function remedyOf(error: unknown, remedies: Remedies): string | undefined {
  const code = codeOf(error) ?? "";
  if (code === right) return remedies.right;
  if (missing.has(code)) return remedies.install;
  return remedies.others?.get(code) ?? common.get(code);
}

/**
 * Makes a source's error of an error of its database: SOURCE_NOT_READY with advice for a permanent one, such as a
 * missing privilege or object, and SOURCE_UNAVAILABLE for any other.
 *
 * @param name the source's name.
 * @param doing the failed action, as it stands in the message: "read the slot".
 */
export function sourceError(name: string, doing: string, error: unknown, remedies: Remedies): FanfareError {
  if (error instanceof FanfareError) return error;
  const why = error instanceof Error ? error.message : String(error);
  const message = `${name}: could not ${doing}: ${why}`;
  const remedy = remedyOf(error, remedies);
  if (remedy === undefined) return new FanfareError("SOURCE_UNAVAILABLE", message, { cause: error });
  return new FanfareError("SOURCE_NOT_READY", `${message}. ${remedy}`, { cause: error });
}
