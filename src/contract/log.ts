/** Where the operator is told. `details` are data for a structured log; strings from clients in them are already cut. */
export interface Log {
  /** For whoever looks into something: why an operation is not shared, for example. Default: not told. */
  debug?(message: string, details: Readonly<Record<string, unknown>>): void;
  warn(message: string, details: Readonly<Record<string, unknown>>): void;
  error(message: string, details: Readonly<Record<string, unknown>>): void;
}
