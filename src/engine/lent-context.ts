import { FanfareError } from "../base/error.ts";

/**
 * The context of one operation, lent to a trigger. Whoever reads it in time makes the operation private. Once others
 * share what the trigger answered it is taken back, and a filter that reads it then is caught, whatever becomes of the
 * error.
 */
export class LentContext {
  /** Whether it was read in time. */
  read = false;
  /** What was read in vain. */
  broken: FanfareError | undefined;
  #context: unknown;
  #takenBack = false;

  constructor(context: unknown) {
    this.#context = context;
  }

  get value(): unknown {
    if (this.#takenBack) {
      this.broken ??= new FanfareError("SHARING_BROKEN", "A trigger's filter read `context` only when an event came");
      throw this.broken;
    }
    this.read = true;
    return this.#context;
  }

  takeBack(): void {
    this.#takenBack = true;
    this.#context = undefined;
  }
}
