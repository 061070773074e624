/** Where the operator is told. `details` are data for a structured log; strings from clients in them are already cut. */
export interface Log {
  warn(message: string, details: Readonly<Record<string, unknown>>): void;
  error(message: string, details: Readonly<Record<string, unknown>>): void;
}
