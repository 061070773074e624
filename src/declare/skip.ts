/** Returned by a `resolve` or `initial` to send nothing for the event. */
export const SKIP: unique symbol = Symbol("fanfare.skip");
export type Skip = typeof SKIP;

/** Thrown for SKIP in a resolver that other code may wrap. It never reaches a client. */
export class SkipError extends Error {
  constructor() {
    super("This event is skipped");
    this.name = "SkipError";
  }
}
