import * as fc from "fast-check";

/** Draws from fast-check one value after the other, so that what is built can depend on what was drawn before. */
export class Draw {
  readonly #generate: fc.GeneratorValue;

  constructor(generate: fc.GeneratorValue) {
    this.#generate = generate;
  }

  /** Both ends included. */
  count(min: number, max: number): number {
    return this.#generate(fc.integer, { min, max });
  }

  /** True in so many of a hundred cases. Shrinks towards false. */
  chance(percent: number): boolean {
    return this.count(0, 99) >= 100 - percent;
  }

  pick<Item>(items: readonly Item[]): Item {
    return this.#generate((candidates: readonly Item[]) => fc.constantFrom(...candidates), items);
  }

  from<Value>(arbitrary: () => fc.Arbitrary<Value>): Value {
    return this.#generate(arbitrary);
  }

  times<Item>(count: number, make: (index: number) => Item): Item[] {
    return Array.from({ length: count }, (_, index) => make(index));
  }
}
