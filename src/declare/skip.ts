/** What a `resolve` returns to send nothing for this event. */
export const SKIP: unique symbol = Symbol("fanfare.skip");
export type Skip = typeof SKIP;

/** Carries a skipped event out of resolvers that other code has wrapped. Never reaches a client. */
export class SkipError extends Error {
  constructor() {
    super("This event is skipped");
    this.name = "SkipError";
  }
}
