import { outboxRemovalSql, uninstallOutbox } from "../../sources/postgres-outbox.ts";
import { replicationRemovalSql, uninstallReplication } from "../../sources/postgres-replication.ts";
import { usageError } from "../cli-error.ts";
import { readCaptureOptions, replicationNames, type CaptureOptions } from "./capture-options.ts";
import { inTransaction, openDatabase } from "./database.ts";
import { requireYes } from "./confirmation.ts";

/** @throws CliError, FanfareError */
export async function uninstall(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const options = readCaptureOptions(args, environment);
  const { source, database: url, yes } = options;
  refuseWhatItCannot(options);
  const removal = removalOf(options);
  const replication = { ...replicationNames(options), ...(options.slots && { slots: options.slots }) };

  const script = source === "outbox" ? outboxRemovalSql(removal) : inTransaction(replicationRemovalSql(replication));
  process.stdout.write(script);
  if (url === undefined) return;
  await using database = await openDatabase(url);
  if (!yes) await requireYes(`Run this in the database ${database.name}?`);
  if (source === "outbox") await uninstallOutbox(database.pool, removal);
  else await uninstallReplication(database.pool, replication);
  process.stderr.write("Done.\n");
}

function refuseWhatItCannot({ source, tables, readers, publishers, notify }: CaptureOptions): void {
  if (readers.length > 0 || publishers.length > 0 || notify) {
    throw usageError("--reader, --publisher and --notify are for install");
  }
  if (source === "replication" && tables.length > 0) {
    throw usageError("--table is for install: a publication is removed as a whole");
  }
}

/** Without tables the whole outbox is removed. */
function removalOf({ tables, schema }: CaptureOptions): Pick<CaptureOptions, "schema"> & { tables?: typeof tables } {
  return { ...(schema !== undefined && { schema }), ...(tables.length > 0 && { tables }) };
}
