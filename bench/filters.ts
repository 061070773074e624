import { Worker } from "./channel.ts";
import { inTurns, nodeOptions, serverCore, type Build, type Order } from "./pair.ts";
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

/** Measures both builds in turns, with so many subscriptions; seconds per change, in each round. */
export async function compareFilters(
  order: Order,
  by: FilteredBy,
  subscriptions: number,
  rounds: number,
): Promise<readonly Readonly<Record<Build, number>>[]> {
  await using stack = new AsyncDisposableStack();
  const workers = new Map<Build, Worker<FilterControls>>();
  for (const build of order) {
    const options = { core: serverCore, node: nodeOptions(build) };
    const worker = stack.use(new Worker<FilterControls>("servers/filters.ts", options));
    await worker.ask("subscribe", by, subscriptions);
    await worker.ask("publish", warmUp * changesPerRound);
    workers.set(build, worker);
  }
  const measured: Record<Build, number>[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const cost: Record<Build, number> = { after: NaN, before: NaN };
    for (const [build, worker] of inTurns([...workers], round)) cost[build] = await perChange(worker);
    measured.push(cost);
  }
  return measured;
}

async function perChange(worker: Worker<FilterControls>): Promise<number> {
  const { cpu } = await worker.ask("publish", changesPerRound);
  return cpu / changesPerRound;
}
