import type { FanfareError } from "../../base/error.ts";
import { sourceError, type Remedies } from "../../postgres/error.ts";

const remedies: Remedies = {
  right: "Grant the right: its role needs usage of the schema, all but delete on replication, and select on the rest",
  install: "Run installReplication as the owner of the tables, or print its SQL with replicationSql and run that",
  others: new Map([["53400", "Raise max_replication_slots, or drop a slot that nobody needs"]]),
};

/** The {@link sourceError} of replication. */
export function databaseError(name: string, doing: string, error: unknown): FanfareError {
  return sourceError(name, doing, error, remedies);
}
