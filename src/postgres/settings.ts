/** Settings of PostgreSQL by name; each value as SQL that may stand behind `=`. */
export type Settings = Readonly<Record<string, string>>;

/**
 * With these settings equal values give equal text, whatever the server's, the database's and the role's own are. Rows are
 * compared as text, and come from a trigger in a writer's connection, from the log, and from a snapshot.
 */
export const equalText: Settings = {
  timezone: "'UTC'",
  datestyle: "'ISO, YMD'",
  intervalstyle: "'postgres'",
  bytea_output: "'hex'",
  extra_float_digits: "1",
};

/**
 * Names without a schema are PostgreSQL's own, and no table, type or function of somebody else's can stand in for them.
 * Temporary ones would be found first if the search path left them out.
 */
export const catalogPath: Settings = { search_path: "pg_catalog, pg_temp" };

/**
 * A table that is empty most of the time has statistics that speak for reading all of it, or for sorting all of it for
 * each page; its indexes have the order that is asked for. Compiling such a query takes longer than running it.
 */
export const indexOrder: Settings = { enable_seqscan: "off", enable_bitmapscan: "off", jit: "off" };

/** Statements that set them until the transaction ends: behind a pooler, somebody else has the connection next. */
export function forTransaction(settings: Settings): string {
  return assignments(settings)
    .map((assignment) => `set local ${assignment}`)
    .join("; ");
}

/** Statements that set them for as long as the connection lasts. */
export function forConnection(settings: Settings): readonly string[] {
  return assignments(settings).map((assignment) => `set ${assignment}`);
}

/** Clauses of `create function`: they hold while it runs, for every caller. */
export function forFunction(settings: Settings): string {
  return assignments(settings)
    .map((assignment) => `set ${assignment}`)
    .join(" ");
}

function assignments(settings: Settings): readonly string[] {
  return Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
}
