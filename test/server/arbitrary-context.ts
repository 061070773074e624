import type { Viewing } from "./arbitrary-event-field.ts";

/** A context of a class, whose viewer is private, and which has a static reader. */
class Caller implements Viewing {
  readonly #viewer: string;

  constructor(viewer: string) {
    this.#viewer = viewer;
  }

  static viewerOf(caller: Caller): string {
    return caller.#viewer;
  }

  get viewer(): string {
    return Caller.viewerOf(this);
  }
}

/** A context that is a collection. */
class CallerMap extends Map<string, string> implements Viewing {
  get viewer(): string {
    return this.get("viewer") ?? "";
  }
}

/** Kinds of contexts that an application may return. All of them have a viewer. */
export const contextKinds = {
  plain: (viewer: string): Viewing => ({ viewer }),
  hidden: (viewer: string): Viewing => Object.defineProperty({ viewer: "" }, "viewer", { value: viewer }),
  bare: (viewer: string): Viewing => Object.assign(Object.create(null), { viewer }),
  frozen: (viewer: string): Viewing => Object.freeze({ viewer }),
  instance: (viewer: string): Viewing => new Caller(viewer),
  map: (viewer: string): Viewing => new CallerMap([["viewer", viewer]]),
} as const;

export type ContextKind = keyof typeof contextKinds;
