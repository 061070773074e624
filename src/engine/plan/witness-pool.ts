import { BoundedMap } from "../../base/bounded-map.ts";
import { digestOf } from "../../base/digest.ts";
import type { ResolverWitness } from "./resolver-witness.ts";

/**
 * Interns witnesses: operations with the same root that select the same fields have one in common. A thousand operations
 * that hear the same event then ask one witness that is in the processor's cache, and not a thousand that are not.
 *
 * Witnesses are held weakly, so that what clients once selected takes no memory when their operations are gone.
 */
export class WitnessPool {
  readonly #numbers = new WeakMap<object, number>();
  readonly #shared: BoundedMap<string, WeakRef<ResolverWitness>>;
  #count = 0;

  /** @param maxEntries witnesses that can be found again, with LRU eviction. */
  constructor(maxEntries: number) {
    this.#shared = new BoundedMap(maxEntries);
  }

  /** A current witness that has seen the same. The given one must see nothing more afterwards. */
  intern(witness: ResolverWitness): ResolverWitness {
    const key = this.#keyOf(witness);
    const known = this.#shared.get(key)?.deref();
    if (known?.isCurrent) return known;
    this.#shared.set(key, new WeakRef(witness));
    return witness;
  }

  /** The root comes first: only of that the source is remembered. */
  #keyOf({ root, seen }: ResolverWitness): string {
    const numbers = Array.from(seen, (each) => this.#numberOf(each)).toSorted((a, b) => a - b);
    return digestOf(`${root ? this.#numberOf(root) : ""}:${numbers.join()}`);
  }

  #numberOf(seen: object): number {
    const known = this.#numbers.get(seen);
    if (known !== undefined) return known;
    this.#count += 1;
    this.#numbers.set(seen, this.#count);
    return this.#count;
  }
}
