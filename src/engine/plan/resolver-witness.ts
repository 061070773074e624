import {
  isAbstractType,
  isObjectType,
  type GraphQLAbstractType,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
} from "graphql";

/**
 * Remembers the resolvers that a proof has looked at. An application, or a library of its, may replace them later: then
 * the proof holds no longer.
 */
export class ResolverWitness {
  readonly #seen = new Set<object>();
  // Arrays of equal length, which are faster to go through than maps.
  readonly #fields: GraphQLField<unknown, unknown>[] = [];
  readonly #resolvers: unknown[] = [];
  readonly #objects: GraphQLObjectType[] = [];
  readonly #checks: unknown[] = [];
  readonly #abstracts: GraphQLAbstractType[] = [];
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
    if (isObjectType(type)) {
      this.#objects.push(type);
      this.#checks.push(type.isTypeOf);
    } else if (isAbstractType(type)) {
      this.#abstracts.push(type);
      this.#typeResolvers.push(type.resolveType);
    }
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
    for (let index = 0; index < this.#objects.length; index += 1) {
      if (this.#objects[index]?.isTypeOf !== this.#checks[index]) return false;
    }
    for (let index = 0; index < this.#abstracts.length; index += 1) {
      if (this.#abstracts[index]?.resolveType !== this.#typeResolvers[index]) return false;
    }
    return true;
  }
}
