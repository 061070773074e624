/** Settings of PostgreSQL by name; each value is SQL that may stand behind `=`. */
export type Settings = Readonly<Record<string, string>>;

/**
 * Settings with which equal values give equal text, whatever the server, the database and the role have set. Rows are
 * compared as text, and come from triggers in writers' connections, from the write-ahead log, and from snapshots.
 */
export const equalText: Settings = {
  timezone: "'UTC'",
  datestyle: "'ISO, YMD'",
  intervalstyle: "'postgres'",
  bytea_output: "'hex'",
  extra_float_digits: "1",
};

/**
 * A search path on which names without a schema are PostgreSQL's own, so that no other table, type or function can
 * shadow them. `pg_temp` is named because temporary objects come first on a path that leaves it out.
 */
export const catalogPath: Settings = { search_path: "pg_catalog, pg_temp" };

/**
 * Never compiles just in time (JIT). PostgreSQL decides by the estimated cost, which of a query over the catalog or of
 * rows as JSON is high for two rows as well; compiling it takes longer, up to a second, than running it.
 */
export const noCompilation: Settings = { jit: "off" };

/**
 * Makes the planner read by index. The statistics of a table that is empty most of the time favour a sequential scan,
 * or a sort of the whole table for each page.
 */
export const indexOrder: Settings = { enable_seqscan: "off", enable_bitmapscan: "off" };

/**
 * Statements that set `settings` until the transaction ends: behind a pooler, another client gets the connection next.
 */
export function forTransaction(settings: Settings): string {
  return assignments(settings)
    .map((assignment) => `set local ${assignment}`)
    .join("; ");
}

/** Statements that set `settings` for the rest of the connection. */
export function forConnection(settings: Settings): readonly string[] {
  return assignments(settings).map((assignment) => `set ${assignment}`);
}

/** Clauses of `create function` that set `settings` while the function runs. */
export function forFunction(settings: Settings): string {
  return assignments(settings)
    .map((assignment) => `set ${assignment}`)
    .join(" ");
}

function assignments(settings: Settings): readonly string[] {
  return Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
}
