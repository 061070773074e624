import { FanfareError } from "../base/error.ts";

/**
 * Stands in for something that must not be looked at: whatever is done with `value` throws SHARING_BROKEN, and is
 * remembered in case the one who did it swallows the error.
 */
export class Tripwire<Something extends object> {
  readonly value: Something;
  #tripped = false;

  /** @param what names the thing in the error's message. */
  constructor(what: string) {
    const trip = (): never => {
      this.#tripped = true;
      throw new FanfareError("SHARING_BROKEN", `A shareable resolver may not look at ${what}`);
    };
    // Every trap of a proxy is itself read from its handler, so one handler with one trap catches them all.
    this.value = new Proxy(Object.create(null), new Proxy({}, { get: () => trip }));
  }

  get tripped(): boolean {
    return this.#tripped;
  }
}
