import { FanfareError } from "../base/error.ts";
import { inertValue } from "./inert.ts";

// Guards never throw: a resolver may have detached a function or a timer, whose error nobody would catch. They record
// the forbidden access and give an inert value.

/**
 * The context of a shared execution: the own properties of the `sharedContext` option's result. Any other access is
 * recorded, and gives an inert value.
 */
export class SharedContext {
  /** The context that resolvers get. */
  readonly proxy: object;
  /** The first forbidden access; undefined while there was none. */
  broken: FanfareError | undefined;
  readonly #late: (why: FanfareError) => void;
  #settled = false;

  /** @param late called once if the first forbidden access comes after the execution was settled. */
  constructor(shared: object, late: (why: FanfareError) => void) {
    this.#late = late;
    this.proxy = guarded({}, shared, (access) => this.break(`A shareable resolver used the context: ${access}`));
  }

  /** Records that the result cannot be shared. */
  break(why: string): void {
    if (this.broken) return;
    this.broken = new FanfareError("SHARING_BROKEN", why);
    if (this.#settled) this.#late(this.broken);
  }

  /** Called when the execution has its outcome. Returns the first forbidden access, if there was one. */
  settle(): FanfareError | undefined {
    this.#settled = true;
    return this.broken;
  }
}

/**
 * The context of one operation, lent to a trigger. A read while the subscription is planned makes the operation
 * private. When the plan is shared, the context is taken back: a later read by a filter is recorded, and gives an inert
 * value.
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
      return inertValue();
    }
    this.read = true;
    return this.#context;
  }

  takeBack(): void {
    this.#takenBack = true;
    this.#context = undefined;
  }
}

/** A stand-in for an argument that a resolver must not use: any access is recorded, and gives an inert value. */
export class Tripwire<Something extends object> {
  readonly value: Something;
  #tripped = false;

  constructor() {
    this.value = guarded(Object.create(null), {}, () => (this.#tripped = true));
  }

  get tripped(): boolean {
    return this.#tripped;
  }
}

/**
 * A proxy through which only the own properties of one object can be read. Writing seems to succeed, and changes
 * nothing.
 *
 * @param target an object of its own for the proxy, without properties: invariants of proxies hold for it.
 * @param note told of any other access, in words for a log.
 */
function guarded<Target extends object>(target: Target, own: object, note: (access: string) => void): Target {
  let inert: object | undefined;
  const has = (key: PropertyKey): boolean => Object.hasOwn(own, key);
  const noted = (access: string): true => {
    note(access);
    return true;
  };
  return new Proxy(target, {
    get(_target, key) {
      if (has(key)) return Reflect.get(own, key);
      note(`it read ${String(key)}`);
      return Reflect.get((inert ??= inertValue()), key);
    },
    has: (_target, key) => has(key) || !noted(`it looked for ${String(key)}`),
    getOwnPropertyDescriptor(_target, key) {
      if (!has(key)) note(`it looked for ${String(key)}`);
      const descriptor = Object.isExtensible(target) ? Reflect.getOwnPropertyDescriptor(own, key) : undefined;
      return descriptor && { ...descriptor, configurable: true };
    },
    ownKeys() {
      note("it listed the keys");
      return [];
    },
    getPrototypeOf() {
      note("it asked for the prototype");
      return Reflect.getPrototypeOf(target);
    },
    set: (_target, key) => noted(`it wrote ${String(key)}`),
    defineProperty: (_target, key) => noted(`it wrote ${String(key)}`),
    deleteProperty: (_target, key) => noted(`it deleted ${String(key)}`),
    setPrototypeOf: () => noted("it changed the prototype"),
    preventExtensions: () => noted("it froze the context") && Reflect.preventExtensions(target),
  });
}
