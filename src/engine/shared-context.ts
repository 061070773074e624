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
