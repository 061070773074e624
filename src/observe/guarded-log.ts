import { silence } from "../base/thenable.ts";
import type { Log } from "../contract/log.ts";

/** A log around an application's own that neither throws nor leaves a rejection: it is called where nobody would catch. */
export function guardedLog(log: Log): Log {
  return {
    ...(log.debug && { debug: (message, details) => heard(() => log.debug?.(message, details)) }),
    warn: (message, details) => heard(() => log.warn(message, details)),
    error: (message, details) => heard(() => log.error(message, details)),
  };
}

function heard(write: () => unknown): void {
  try {
    silence(write());
  } catch {
    // There is no other place to tell of it.
  }
}
