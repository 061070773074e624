import type { FanfareError } from "../../base/error.ts";
import { sourceError, type Remedies } from "../../postgres/error.ts";

export const howToInstall: string =
  "Call installOutbox as the owner of the tables, or print its SQL with outboxSql and run that";

const remedies: Remedies = {
  right: "Let installOutbox grant the right: `readers` to read the outbox, `publishers` to publish in transactions",
  install: howToInstall,
};

/** The {@link sourceError} of the outbox. @param doing the failed action: "read the outbox". */
export function databaseError(doing: string, error: unknown): FanfareError {
  return sourceError("postgres-outbox", doing, error, remedies);
}
