import * as fc from "fast-check";

/**
 * Holds a property in so many cases, always the same ones, and answers how many. `FANFARE_RUNS=50` makes it fifty times
 * as many, `FANFARE_SEED=7` other ones. `FANFARE_SHRINK=1` makes a case that was found smaller, which takes long.
 */
export async function holds<Values>(property: fc.IAsyncProperty<Values>, runs: number): Promise<number> {
  const { FANFARE_RUNS: times = "1", FANFARE_SEED: seed = "1", FANFARE_SHRINK: shrink } = process.env;
  const numRuns = runs * Number(times);
  await fc.assert(property, { numRuns, seed: Number(seed), endOnFailure: shrink === undefined });
  return numRuns;
}
