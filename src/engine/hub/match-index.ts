import { valueKind } from "../../base/value-kind.ts";
import { silence } from "../../base/thenable.ts";
import type { Match } from "../../declare/declaration.ts";

/** The objects of a payload that conditions are compared with; `all`: the payload meets every condition. */
export type Facets = (payload: unknown) => readonly object[] | "all";

/** Selects the events that a listener wants. */
export interface Interest {
  /** Equality conditions on the payload, or a list of which one has to be met. Undefined selects every event. */
  readonly match: Match | readonly Match[] | undefined;
  /** Undefined: conditions are compared with the payload itself. */
  readonly facets: Facets | undefined;
}

/** The interest in every event. */
export const everything: Interest = { match: undefined, facets: undefined };

/**
 * Content-based routing: an inverted index from conditions to listeners. An event is looked up by the values of its
 * properties, so its cost grows with the number of different sets of property names, not of listeners.
 */
export class MatchIndex<Listener> {
  /** Listeners that want every event. On most topics these are all. */
  readonly #unconditional = new Set<Listener>();
  /** Listeners with conditions; undefined while there are none, which saves most topics half of their memory. */
  #conditional: Conditional<Listener> | undefined;
  readonly #faulty: (why: unknown) => void;

  /** @param faulty told the fault of a `facets` that threw or had another answer than is declared. Default: nobody. */
  constructor(faulty: (why: unknown) => void = () => undefined) {
    this.#faulty = faulty;
  }

  get size(): number {
    return this.#unconditional.size + (this.#conditional?.counts.size ?? 0);
  }

  /** Whether a listener compares properties of the payload itself. */
  get comparesPayload(): boolean {
    const shapes = this.#conditional?.groups.get(undefined);
    for (const { names } of shapes?.values() ?? []) if (names.length > 0) return true;
    return false;
  }

  has(listener: Listener): boolean {
    return this.#unconditional.has(listener) || (this.#conditional?.counts.has(listener) ?? false);
  }

  /** Adds a listener, which can have one interest at a time. */
  add(interest: Interest, listener: Listener): void {
    if (this.has(listener)) return;
    if (isUnconditional(interest)) {
      this.#unconditional.add(listener);
      return;
    }
    this.#conditional ??= { groups: new Map(), counts: new Map(), manifold: 0 };
    const { counts, groups } = this.#conditional;
    const entries = entriesOf(interest.match);
    counts.set(listener, entries.length);
    if (isManifold(interest, entries.length)) this.#conditional.manifold += 1;
    const shapes = groups.get(interest.facets) ?? new Map<string, Shape<Listener>>();
    groups.set(interest.facets, shapes);
    for (const { names, signature, key } of entries) {
      const shape = shapes.get(signature) ?? { names, listeners: new Map<string, Set<Listener>>() };
      shapes.set(signature, shape);
      shape.listeners.set(key, (shape.listeners.get(key) ?? new Set()).add(listener));
    }
  }

  delete(interest: Interest, listener: Listener): void {
    if (this.#unconditional.delete(listener)) return;
    const conditional = this.#conditional;
    const count = conditional?.counts.get(listener);
    if (!conditional || count === undefined) return;
    conditional.counts.delete(listener);
    if (conditional.counts.size === 0) this.#conditional = undefined;
    if (isManifold(interest, count)) conditional.manifold -= 1;
    const shapes = conditional.groups.get(interest.facets);
    if (!shapes) return;
    for (const { signature, key } of entriesOf(interest.match)) {
      const shape = shapes.get(signature);
      const listeners = shape?.listeners.get(key);
      if (listeners?.delete(listener) && listeners.size === 0) shape?.listeners.delete(key);
      if (shape?.listeners.size === 0) shapes.delete(signature);
    }
    if (shapes.size === 0) conditional.groups.delete(interest.facets);
  }

  /** Calls `visit` once for each listener that wants the event. */
  find(payload: unknown, visit: (listener: Listener) => void): void {
    for (const listener of this.#unconditional) visit(listener);
    if (this.#conditional) this.#findByConditions(this.#conditional, payload, visit);
  }

  *[Symbol.iterator](): Generator<Listener> {
    yield* this.#unconditional;
    if (this.#conditional) yield* this.#conditional.counts.keys();
  }

  #findByConditions(
    { groups, counts, manifold }: Conditional<Listener>,
    payload: unknown,
    visit: (listener: Listener) => void,
  ): void {
    const found = manifold > 0 ? new Set<Listener>() : undefined;
    for (const [facets, shapes] of groups) {
      const objects = facets ? this.#objectsOf(facets, payload) : [payload];
      for (const shape of shapes.values()) {
        if (objects === "all") for (const listeners of shape.listeners.values()) pass(listeners, found, visit);
        else if (shape.names.length === 0) look(shape, payload, found, visit);
        else for (const object of objects) look(shape, object, found, visit);
      }
    }
    for (const listener of found ?? []) if (counts.has(listener)) visit(listener);
  }

  /** The facets of a payload. With a fault of `facets`, the payload meets no condition: no listener is at fault. */
  #objectsOf(facets: Facets, payload: unknown): readonly object[] | "all" {
    try {
      const objects: unknown = facets(payload);
      if (objects === "all" || Array.isArray(objects)) return objects;
      silence(objects);
      throw new TypeError(`\`facets\` must answer with a list of objects or "all", not with ${valueKind(objects)}`);
    } catch (error) {
      this.#faulty(error);
      return [];
    }
  }
}

function look<Listener>(
  { names, listeners }: Shape<Listener>,
  object: unknown,
  found: Set<Listener> | undefined,
  visit: (listener: Listener) => void,
): void {
  const matching = listeners.get(payloadKey(names, object));
  if (matching) pass(matching, found, visit);
}

function pass<Listener>(
  listeners: Iterable<Listener>,
  found: Set<Listener> | undefined,
  visit: (listener: Listener) => void,
): void {
  for (const listener of listeners) {
    if (found) found.add(listener);
    else visit(listener);
  }
}

function isUnconditional({ match, facets }: Interest): boolean {
  return match === undefined && facets === undefined;
}

function isManifold({ facets }: Interest, entries: number): boolean {
  return facets !== undefined || entries > 1;
}

/** The listeners with conditions. */
interface Conditional<Listener> {
  readonly groups: Map<Facets | undefined, Map<string, Shape<Listener>>>;
  /** All of them, with the number of entries of each. */
  readonly counts: Map<Listener, number>;
  /** The number of listeners that one event may find more than once: by several entries, or in several facets. */
  manifold: number;
}

/** A set of property names, and the listeners with conditions on exactly these, by the values' key. */
interface Shape<Listener> {
  readonly names: readonly string[];
  readonly listeners: Map<string, Set<Listener>>;
}

/** The place of one set of conditions in the index. */
interface Entry {
  readonly names: readonly string[];
  readonly signature: string;
  readonly key: string;
}

function entriesOf(match: Interest["match"]): readonly Entry[] {
  if (!isList(match)) return [entryOf(match ?? {})];
  const entries = new Map<string, Entry>();
  for (const entry of match.map(entryOf)) entries.set(`${entry.signature}${entry.key}`, entry);
  return [...entries.values()];
}

function isList(match: Interest["match"]): match is readonly Match[] {
  return Array.isArray(match);
}

function entryOf(match: Match): Entry {
  const conditions = Object.entries(match)
    .filter(([, value]) => value !== undefined)
    .toSorted(([left], [right]) => (left < right ? -1 : 1));
  const names = conditions.map(([name]) => name);
  return {
    names,
    signature: JSON.stringify(names),
    key: conditions.map(([, value]) => valueKey(value, "never")).join(),
  };
}

function payloadKey(names: readonly string[], payload: unknown): string {
  if (names.length === 0) return "";
  const properties: object = typeof payload === "object" && payload !== null ? payload : {};
  return names.map((name) => valueKey(propertyOf(properties, name), "nothing")).join();
}

/** The value of a property. If its getter throws, the property counts as missing: no listener is at fault. */
function propertyOf(properties: object, name: string): unknown {
  try {
    return Reflect.get(properties, name);
  } catch {
    return undefined;
  }
}

/**
 * The key of a primitive value, different for values of different types. An object, or a missing property, has the key
 * `otherwise`, which differs between condition and payload, so that they are never equal.
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
