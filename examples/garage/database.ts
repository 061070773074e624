import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { drizzle, type PgliteDatabase } from "drizzle-orm/pglite";
import { lockFolder } from "./folder-lock.ts";

export type Database = PgliteDatabase & AsyncDisposable;

/**
 * Opens the embedded Postgres, with its tables and first rows.
 *
 * @param folder where the data is kept; undefined keeps it in memory, until the end of the process.
 * @throws StartError when another process uses the folder, or it cannot be written to.
 */
export async function openDatabase(folder: string | undefined): Promise<Database> {
  await using opening = new AsyncDisposableStack();
  if (folder !== undefined) opening.use(await lockFolder(folder));
  const client = await PGlite.create(folder === undefined ? {} : { dataDir: join(folder, "postgres") });
  opening.defer(() => client.close());
  await client.exec(await readFile(new URL("tables.sql", import.meta.url), "utf8"));
  const opened = opening.move();
  return Object.assign(drizzle({ client }), {
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  });
}
