import type { MatchValue } from "../declare/declaration.ts";

/** Conditions of equality on an event's payload. */
export type Match = Readonly<Record<string, MatchValue>>;

/**
 * Finds who wants an event by looking its properties up, so that the cost of an event grows with the number of
 * different sets of property names and not with the number of listeners.
 */
export class MatchIndex<Listener> {
  readonly #shapes = new Map<string, Shape<Listener>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(match: Match | undefined, listener: Listener): void {
    const conditions = conditionsOf(match);
    const signature = JSON.stringify(conditions.map(([name]) => name));
    let shape = this.#shapes.get(signature);
    if (!shape) {
      shape = { names: conditions.map(([name]) => name), listeners: new Map() };
      this.#shapes.set(signature, shape);
    }
    const key = conditions.map(([, value]) => valueKey(value, "never")).join();
    const listeners = shape.listeners.get(key) ?? new Set();
    if (!listeners.has(listener)) this.#size += 1;
    shape.listeners.set(key, listeners.add(listener));
  }

  delete(match: Match | undefined, listener: Listener): void {
    const conditions = conditionsOf(match);
    const signature = JSON.stringify(conditions.map(([name]) => name));
    const key = conditions.map(([, value]) => valueKey(value, "never")).join();
    const shape = this.#shapes.get(signature);
    const listeners = shape?.listeners.get(key);
    if (!listeners?.delete(listener)) return;
    this.#size -= 1;
    if (listeners.size > 0) return;
    shape?.listeners.delete(key);
    if (shape?.listeners.size === 0) this.#shapes.delete(signature);
  }

  /** Calls `visit` for each listener whose conditions the payload meets. */
  find(payload: unknown, visit: (listener: Listener) => void): void {
    for (const shape of this.#shapes.values()) {
      const listeners = shape.listeners.get(payloadKey(shape.names, payload));
      if (listeners) for (const listener of listeners) visit(listener);
    }
  }

  *[Symbol.iterator](): Generator<Listener> {
    for (const shape of this.#shapes.values()) {
      for (const listeners of shape.listeners.values()) yield* listeners;
    }
  }
}

interface Shape<Listener> {
  readonly names: readonly string[];
  readonly listeners: Map<string, Set<Listener>>;
}

function conditionsOf(match: Match | undefined): [string, MatchValue][] {
  if (!match) return [];
  return Object.entries(match)
    .filter(([, value]) => value !== undefined)
    .toSorted(([left], [right]) => (left < right ? -1 : 1));
}

function payloadKey(names: readonly string[], payload: unknown): string {
  if (names.length === 0) return "";
  const properties: object = typeof payload === "object" && payload !== null ? payload : {};
  return names.map((name) => valueKey(propertyOf(properties, name), "nothing")).join();
}

/** A property that throws is none: it is nobody's fault who listens. */
function propertyOf(properties: object, name: string): unknown {
  try {
    return Reflect.get(properties, name);
  } catch {
    return undefined;
  }
}

/**
 * Values of different types never meet. What is no value, such as an object or a missing property, has the key
 * `otherwise`, by which the two sides never meet either.
 */
function valueKey(value: unknown, otherwise: "never" | "nothing"): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "number":
    case "boolean":
      return String(value);
    case "bigint":
      return `${value}n`;
    default:
      return value === null ? "null" : otherwise;
  }
}
