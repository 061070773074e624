import { installOutbox, outboxSql } from "../../sources/postgres-outbox.ts";
import { installReplication, replicationSql } from "../../sources/postgres-replication.ts";
import { usageError } from "../cli-error.ts";
import { outboxOptions, readCaptureOptions, replicationNames } from "./capture-options.ts";
import { inTransaction, openDatabase } from "./database.ts";
import { requireYes } from "./confirmation.ts";
import { shown } from "./table-name.ts";

/** @throws CliError, FanfareError */
export async function install(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const options = readCaptureOptions(args, environment);
  const { source, tables, database: url, yes, slots } = options;
  if (tables.length === 0) throw usageError("name the tables to capture: --table cars");
  if (slots) throw usageError("--slot is for uninstall: the server makes its slot when it first starts");

  const outbox = outboxOptions(options);
  const replication = { tables, ...replicationNames(options) };
  process.stdout.write(source === "outbox" ? outboxSql(outbox) : inTransaction(replicationSql(replication)));
  if (url === undefined) return;
  await using database = await openDatabase(url);
  if (!yes) await requireYes(`Run this in the database ${database.name}?`);
  if (source === "outbox") await installOutbox(database.pool, outbox);
  else await installReplication(database.pool, replication);
  process.stderr.write(`Done. Fanfare can capture ${tables.map(shown).join(", ")}.\n`);
}
