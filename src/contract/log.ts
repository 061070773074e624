/**
 * Where warnings and errors go. `details` are fields for a structured log; clients' strings in them are already cut.
 */
export interface Log {
  /** Gets details for debugging, for example why an operation is not shared. Default: these are not logged. */
  debug?(message: string, details: Readonly<Record<string, unknown>>): void;
  warn(message: string, details: Readonly<Record<string, unknown>>): void;
  error(message: string, details: Readonly<Record<string, unknown>>): void;
}
