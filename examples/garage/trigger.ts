import { readFile } from "node:fs/promises";
import { Client } from "pg";
import { readConfig, type Config } from "./config.ts";
import { doorFile } from "./door-file.ts";
import { StartError } from "./start-error.ts";

// Writes to the database, and knows nothing of Fanfare: whoever is subscribed hears of it all the same.

const makes = ["Skoda", "Saab", "Citroën"];

try {
  const config = readConfig(process.env);
  console.log(await changeCar(await databaseOf(config), makes[Math.floor(Math.random() * makes.length)] ?? ""));
} catch (error) {
  console.error(error instanceof StartError ? error.message : error);
  process.exitCode = 1;
}

/** Gives car 1 another make, and says what it is now. */
async function changeCar(url: string, make: string): Promise<string> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  try {
    await client.connect();
  } catch (error) {
    throw new StartError(`The database cannot be reached: ${messageOf(error)}. Is the garage running? Try npm start`, {
      cause: error,
    });
  }
  try {
    const { rows } = await client.query(
      "update cars set make = $1, updated_at = now() where id = 1 returning make, model",
      [make],
    );
    if (!rows[0]) throw new StartError("There is no car 1 any more; add it again, or remove the data and start anew");
    return `Car 1 is a ${rows[0].make} ${rows[0].model} now`;
  } finally {
    await client.end();
  }
}

/** @throws StartError when no garage with an embedded database runs at the port. */
async function databaseOf({ database, port }: Config): Promise<string> {
  if (database !== undefined) return database;
  try {
    return (await readFile(doorFile(port), "utf8")).trim();
  } catch (error) {
    const hint = `Start it with npm start, or say where it is: PORT=4001 npm run trigger, or DATABASE_URL=… npm run trigger`;
    throw new StartError(`No garage is open at port ${port} with a database of its own. ${hint}`, { cause: error });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error && error.message !== "" ? error.message : String(error);
}
