import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { StartError } from "./start-error.ts";

/**
 * Takes a folder for this process, and makes it where it is missing: two embedded databases in one folder would
 * destroy each other's data. The lock of a process that no longer runs is taken over.
 *
 * @throws StartError while another process has it, or when it cannot be written to.
 */
export async function lockFolder(folder: string): Promise<AsyncDisposable> {
  const file = join(folder, "lock");
  try {
    await mkdir(folder, { recursive: true });
    const owner = await ownerOf(file);
    if (owner !== undefined && isRunning(owner)) throw inUse(folder, owner, file);
    await rm(file, { force: true });
    await writeFile(file, String(process.pid), { flag: "wx" });
  } catch (error) {
    if (error instanceof StartError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new StartError(`DATA_DIR cannot be used: ${why}`, { cause: error });
  }
  return { [Symbol.asyncDispose]: () => rm(file, { force: true }) };
}

async function ownerOf(file: string): Promise<number | undefined> {
  const text = await readFile(file, "utf8").catch(() => "");
  return /^[1-9]\d*$/.test(text) ? Number(text) : undefined;
}

/** A container gives the same number to its process after each restart, so an own number is an old lock. */
function isRunning(owner: number): boolean {
  if (owner === process.pid) return false;
  try {
    return process.kill(owner, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function inUse(folder: string, owner: number, file: string): StartError {
  return new StartError(
    `The folder ${folder} is in use by process ${owner}. End that one, or set DATA_DIR to another folder. ` +
      `If process ${owner} is something else, remove ${file}.`,
  );
}
