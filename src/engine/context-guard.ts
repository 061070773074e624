import { FanfareError } from "../base/error.ts";

/**
 * The context of a shared execution: the own properties of the `sharedContext` option's result. Any other access throws
 * SHARING_BROKEN, and is recorded, because a resolver may swallow the error.
 */
export class SharedContext {
  /** The context that resolvers get. */
  readonly proxy: object;
  /** The first forbidden access; undefined while there was none. */
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

  /** Records that the result cannot be shared, also if the returned error is swallowed. */
  break(why: string): FanfareError {
    const error = new FanfareError("SHARING_BROKEN", why);
    this.broken ??= error;
    return error;
  }
}

/**
 * The context of one operation, lent to a trigger. A read while the subscription is planned makes the operation
 * private. When the plan is shared, the context is taken back: a later read by a filter throws SHARING_BROKEN and is
 * recorded, because the trigger may swallow the error.
 */
export class LentContext {
  /** Whether the context was read before it was taken back. */
  read = false;
  /** The first read after the context was taken back; undefined while there was none. */
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
 * A stand-in for an argument that a resolver must not use: any operation on `value` throws SHARING_BROKEN, and is
 * recorded, because the resolver may swallow the error.
 */
export class Tripwire<Something extends object> {
  readonly value: Something;
  #tripped = false;

  /** @param what the argument's name in the error's message. */
  constructor(what: string) {
    const trip = (): never => {
      this.#tripped = true;
      throw new FanfareError("SHARING_BROKEN", `A shareable resolver may not look at ${what}`);
    };
    // A proxy reads its traps from its handler, so a handler that is itself a proxy needs only the trap `get`.
    this.value = new Proxy(Object.create(null), new Proxy({}, { get: () => trip }));
  }

  get tripped(): boolean {
    return this.#tripped;
  }
}
