import { inspect } from "node:util";
import type { Log } from "../contract/log.ts";

/** A log that writes one line per warning or error to the standard error stream. The default of the `log` option. */
export const consoleLog: Log = {
  warn: (message, details) => write("warning", message, details),
  error: (message, details) => write("error", message, details),
};

/** A log that discards everything. */
export const silentLog: Log = { warn: () => undefined, error: () => undefined };

function write(level: string, message: string, details: Readonly<Record<string, unknown>>): void {
  const told = Object.keys(details).length > 0 ? ` ${inspect(details, { breakLength: Infinity, depth: 4 })}` : "";
  process.stderr.write(`fanfare ${level}: ${message}${told}\n`);
}
