import { isAbstractType, isObjectType, type GraphQLField, type GraphQLNamedType } from "graphql";

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

  /** All fields and types that were seen, the root field included. */
  get seen(): Iterable<object> {
    return this.#seen;
  }

  get root(): object | undefined {
    return this.#root;
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

/** The function by which values of a type are told from others. */
function typeResolverOf(type: GraphQLNamedType | undefined): unknown {
  if (isObjectType(type)) return type.isTypeOf;
  return isAbstractType(type) ? type.resolveType : undefined;
}
