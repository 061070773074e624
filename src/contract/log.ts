/**
 * Where warnings and errors go. `details` are fields for a structured log; clients' strings in them are already cut.
 */
export interface Log {
  /** For whoever looks into something: why an operation is not shared, for example. Default: not told. */
  debug?(message: string, details: Readonly<Record<string, unknown>>): void;
  warn(message: string, details: Readonly<Record<string, unknown>>): void;
  error(message: string, details: Readonly<Record<string, unknown>>): void;
}
