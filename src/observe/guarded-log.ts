import { silence } from "../base/thenable.ts";
import type { Log } from "../contract/log.ts";
import { consoleLog } from "./console-log.ts";

type Write = Log["error"];

/**
 * A log that neither throws nor leaves a rejection (fault isolation): callers log in the middle of their own error
 * handling. What `log` fails to write, such as details without a JSON form, goes to the standard error stream.
 */
export function guardedLog(log: Log): Log {
  return {
    warn: guarded(
      (message, details) => log.warn(message, details),
      (message, details) => consoleLog.warn(message, details),
    ),
    error: guarded(
      (message, details) => log.error(message, details),
      (message, details) => consoleLog.error(message, details),
    ),
    ...(log.debug && {
      debug: guarded(
        (message, details) => log.debug?.(message, details),
        () => undefined,
      ),
    }),
  };
}

function guarded(write: Write, instead: Write): Write {
  return (message, details) => {
    try {
      silence(write(message, details));
    } catch (error) {
      attempt(() => instead(message, { ...details, logFailed: error }));
    }
  };
}

/** An object may throw when it is inspected, too. */
function attempt(write: () => void): void {
  try {
    write();
  } catch {
    process.stderr.write("fanfare error: A message for the log could not be written\n");
  }
}
