import { FanfareError } from "../base/error.ts";

/**
 * The context of a shared execution: what the `sharedContext` option returned, and nothing else. Any other access
 * throws, and is remembered, because a resolver may swallow the error.
 */
export class SharedContext {
  /** What resolvers get. */
  readonly proxy: object;
  /** What was asked for in vain, and where; undefined while the execution is clean. */
  broken: FanfareError | undefined;

  constructor(shared: object) {
    const refuse = (access: string): never => {
      throw this.break(`A shareable resolver used the context: ${access}`);
    };
    this.proxy = new Proxy(shared, {
      get: (target, key) => (Object.hasOwn(target, key) ? Reflect.get(target, key) : refuse(`it read ${String(key)}`)),
      has: (target, key) => Object.hasOwn(target, key) || refuse(`it looked for ${String(key)}`),
      getOwnPropertyDescriptor: (target, key) =>
        Object.hasOwn(target, key)
          ? Reflect.getOwnPropertyDescriptor(target, key)
          : refuse(`it looked for ${String(key)}`),
      ownKeys: () => refuse("it listed the keys"),
      getPrototypeOf: () => refuse("it asked for the prototype"),
      set: (_target, key) => refuse(`it wrote ${String(key)}`),
      defineProperty: (_target, key) => refuse(`it wrote ${String(key)}`),
      deleteProperty: (_target, key) => refuse(`it deleted ${String(key)}`),
      setPrototypeOf: () => refuse("it changed the prototype"),
      preventExtensions: () => refuse("it froze the context"),
    });
  }

  /** Notes that the result cannot be shared, whatever becomes of the error. */
  break(why: string): FanfareError {
    const error = new FanfareError("SHARING_BROKEN", why);
    this.broken ??= error;
    return error;
  }
}

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
