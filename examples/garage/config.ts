import { StartError } from "./start-error.ts";

/** What the environment says about how to run. */
export interface Config {
  /** `HOST`, the address to listen on. Default 127.0.0.1, which only this machine reaches. */
  readonly host: string;
  /** `PORT`. Default 4000. 0 takes any free port. */
  readonly port: number;
  /** `DATABASE_URL`, a PostgreSQL to use. Default: none, and there is an embedded one. */
  readonly database: string | undefined;
  /** `DATA_DIR`, the folder of the embedded database. Default: none, and the data ends with the process. */
  readonly folder: string | undefined;
}

/** @throws StartError for a value that cannot be meant. A variable that is set to nothing counts as not set. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  return {
    host: environment["HOST"] || "127.0.0.1",
    port: readPort(environment["PORT"] || "4000"),
    database: environment["DATABASE_URL"] || undefined,
    folder: environment["DATA_DIR"] || undefined,
  };
}

function readPort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new StartError(`PORT is ${JSON.stringify(text)}; it must be a number from 1 to 65535, or 0 for any free port.`);
}
