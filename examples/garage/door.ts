import { rm, writeFile } from "node:fs/promises";
import type { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
import { doorFile } from "./door-file.ts";
import { takingTurns } from "./turns.ts";

/** Programs that may be connected at a time. */
const most = 8;

/**
 * Lets other programs of this machine into the embedded database, as they would be let into a PostgreSQL.
 *
 * @param port of the garage, by which `npm run trigger` finds the way.
 */
export async function openDoor(database: PGlite, port: number): Promise<AsyncDisposable> {
  await using opening = new AsyncDisposableStack();
  const server = new PGLiteSocketServer({
    db: takingTurns(database),
    host: "127.0.0.1",
    port: 0,
    maxConnections: most,
  });
  await server.start();
  opening.defer(() => server.stop());
  const file = doorFile(port);
  try {
    await rm(file, { force: true });
    // Whoever else has put something there meanwhile is not overwritten.
    await writeFile(file, `postgres://postgres@${server.getServerConn()}/postgres\n`, { flag: "wx", mode: 0o600 });
    opening.defer(() => rm(file, { force: true }));
  } catch (error) {
    console.warn(`npm run trigger will not find this garage: ${String(error)}`);
  }
  const opened = opening.move();
  return { [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
