import { isAbstractType, isObjectType, type GraphQLField, type GraphQLNamedType } from "graphql";
import { BoundedMap } from "../../base/bounded-map.ts";

/**
 * Remembers the resolvers that a proof has looked at. An application, or a library of its, may replace them later: then
 * the proof holds no longer.
 */
export class ResolverWitness {
  readonly #seen = new Set<object>();
  // Arrays of equal length, which are faster to go through than maps.
  readonly #fields: GraphQLField<unknown, unknown>[] = [];
  readonly #resolvers: unknown[] = [];
  readonly #types: GraphQLNamedType[] = [];
  readonly #typeResolvers: unknown[] = [];
  #root: GraphQLField<unknown, unknown> | undefined;
  #subscribe: unknown;

  /** All that was seen, in the order in which it was. */
  get seen(): Iterable<object> {
    return this.#seen;
  }

  /** Remembers the root field of a subscription, with its resolver and its source. */
  sawRoot(field: GraphQLField<unknown, unknown>): void {
    this.#root = field;
    this.#subscribe = field.subscribe;
    this.sawField(field);
  }

  sawField(field: GraphQLField<unknown, unknown>): void {
    if (this.#isKnown(field)) return;
    this.#fields.push(field);
    this.#resolvers.push(field.resolve);
  }

  sawType(type: GraphQLNamedType): void {
    if (this.#isKnown(type)) return;
    this.#types.push(type);
    this.#typeResolvers.push(typeResolverOf(type));
  }

  #isKnown(seen: object): boolean {
    return this.#seen.size === this.#seen.add(seen).size;
  }

  /** Whether each resolver is still the same one. It is asked for each event, and compares identities only. */
  get isCurrent(): boolean {
    if (this.#root?.subscribe !== this.#subscribe) return false;
    for (let index = 0; index < this.#fields.length; index += 1) {
      if (this.#fields[index]?.resolve !== this.#resolvers[index]) return false;
    }
    for (let index = 0; index < this.#types.length; index += 1) {
      if (typeResolverOf(this.#types[index]) !== this.#typeResolvers[index]) return false;
    }
    return true;
  }
}

/** The most witnesses that are remembered: operations differ more often than the sets of fields that they select. */
const maxShared = 1_000;

/**
 * Interns witnesses: operations that select the same fields have one in common. A thousand operations that hear the
 * same event then ask one witness that is in the processor's cache, and not a thousand that are not.
 */
export class WitnessPool {
  readonly #numbers = new WeakMap<object, number>();
  readonly #shared = new BoundedMap<string, ResolverWitness>(maxShared);
  #count = 0;

  /** A current witness that has seen the same. The given one must see nothing more afterwards. */
  intern(witness: ResolverWitness): ResolverWitness {
    const key = Array.from(witness.seen, (seen) => this.#numberOf(seen))
      .toSorted((a, b) => a - b)
      .join();
    const known = this.#shared.get(key);
    if (known?.isCurrent) return known;
    this.#shared.set(key, witness);
    return witness;
  }

  #numberOf(seen: object): number {
    const known = this.#numbers.get(seen);
    if (known !== undefined) return known;
    this.#count += 1;
    this.#numbers.set(seen, this.#count);
    return this.#count;
  }
}

/** The function by which values of a type are told from others. */
function typeResolverOf(type: GraphQLNamedType | undefined): unknown {
  if (isObjectType(type)) return type.isTypeOf;
  return isAbstractType(type) ? type.resolveType : undefined;
}
