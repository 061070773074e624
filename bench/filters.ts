import { Worker } from "./channel.ts";
import { nodeOptions, serverCore } from "./pair.ts";
import type { FilterControls, FilteredBy } from "./servers/filters.ts";

/** CPU seconds per published change with few subscriptions and with many, in one round. */
export interface FilterRound {
  readonly few: number;
  readonly many: number;
}

export const fewFilters = 100;
export const manyFilters = 100_000;
const changesPerRound = 5_000;
/** Rounds before the first that counts: code is loaded and compiled, and the heap grows. */
const warmUp = 5;

/** Measures changes that each concern one subscription, among few of them and among many, in turns. */
export async function filters(by: FilteredBy, rounds: number): Promise<readonly FilterRound[]> {
  await using few = new Worker<FilterControls>("servers/filters.ts", { core: serverCore });
  await using many = new Worker<FilterControls>("servers/filters.ts", { core: serverCore });
  await few.ask("subscribe", by, fewFilters);
  await many.ask("subscribe", by, manyFilters);
  for (const worker of [few, many]) await worker.ask("publish", warmUp * changesPerRound);
  const measured: FilterRound[] = [];
  for (let round = 0; round < rounds; round += 1) {
    measured.push({ few: await perChange(few), many: await perChange(many) });
  }
  return measured;
}

/** Measures both builds in turns, with so many subscriptions; seconds per change of after and before, in each round. */
export async function compareFilters(
  by: FilteredBy,
  subscriptions: number,
  rounds: number,
): Promise<readonly { readonly after: number; readonly before: number }[]> {
  await using after = new Worker<FilterControls>("servers/filters.ts", { core: serverCore });
  const other = { core: serverCore, node: nodeOptions("before") };
  await using before = new Worker<FilterControls>("servers/filters.ts", other);
  for (const worker of [after, before]) {
    await worker.ask("subscribe", by, subscriptions);
    await worker.ask("publish", warmUp * changesPerRound);
  }
  const measured: { after: number; before: number }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const first = await perChange(round % 2 === 0 ? after : before);
    const second = await perChange(round % 2 === 0 ? before : after);
    measured.push(round % 2 === 0 ? { after: first, before: second } : { after: second, before: first });
  }
  return measured;
}

async function perChange(worker: Worker<FilterControls>): Promise<number> {
  const { cpu } = await worker.ask("publish", changesPerRound);
  return cpu / changesPerRound;
}
