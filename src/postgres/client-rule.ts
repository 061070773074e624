import { must, propertyOf, type Cure, type Rule } from "../base/rule.ts";

const has = (value: unknown, name: string): boolean => typeof propertyOf(value, name) === "function";

const cure: Cure = (value) => {
  if (typeof value === "string") return "Write client: new pg.Pool({ connectionString })";
  if (has(propertyOf(value, "$client"), "query")) return "For a database of Drizzle, write client: db.$client";
  return isClient(value) ? "It is one connection: write new pg.Pool(…) instead of new pg.Client(…)" : undefined;
};

/** A `pg.Pool`. A `pg.Client` has `connect` and `query` as well, and no pool's `totalCount`. */
export const aPool: Rule = must("a pg.Pool", isPool, cure);

/** A `pg.Pool` or a PGlite. */
export const aPostgresClient: Rule = must(
  "a pg.Pool or a PGlite",
  (value) => isPool(value) || (has(value, "query") && has(value, "transaction") && has(value, "listen")),
  cure,
);

/** A connection or a pool: anything that runs a query. */
export const aQueryable: Rule = must("a pg.Pool or a pg.Client", (value) => has(value, "query"), cure);

/** An open transaction. */
export const aTransaction: Rule = must(
  "an open transaction: a client of pg after `begin`, or a transaction of PGlite",
  (value) => has(value, "query"),
);

function isPool(value: unknown): boolean {
  return has(value, "connect") && !isClient(value);
}

/** A `pg.Client`, which one transaction at a time may use, has a connection of its own. */
function isClient(value: unknown): boolean {
  return has(value, "connect") && has(value, "query") && propertyOf(value, "connection") !== undefined;
}
