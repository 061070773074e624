// npm run bench:compare -- --before <folder> [--only 1k,bursts,filters,connect,slow] [--processes 6] [--rounds 6]
// This build against the one in another folder, such as a clone of an earlier commit after `npm ci && npm run build`:
// what one costs with the other as 1. Each pair of processes is fresh, since two processes of one build differ by more
// than two rounds of one process. They change places from pair to pair: of two processes of one build, the one that was
// started first costs 3 % more. Within a pair each build is the first one in every other round, and whichever is first
// costs up to a third more, so two rounds give one value. The servers' own code is this build's in both.
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { connectAll } from "./connect.ts";
import { eventStreams, fanOut, scenarios, type Scenario } from "./fan-out.ts";
import { compareFilters, fewFilters, manyFilters } from "./filters.ts";
import type { Order, ServerName } from "./pair.ts";
import { quartiles } from "./quartiles.ts";
import { compareSlow, policies } from "./slow-client.ts";

const { values } = parseArgs({
  options: {
    before: { type: "string" },
    only: { type: "string" },
    processes: { type: "string", default: "6" },
    rounds: { type: "string", default: "6" },
  },
});
if (values.before === undefined) throw new Error("--before names the folder of the build to compare with.");
// The servers of the other build read it.
process.env["FANFARE_BEFORE"] = resolve(values.before);
type FanfareServer = "fanfare" | "fanfare-sse";
const processes = Number(values.processes);
const rounds = Number(values.rounds);
if (!(rounds > 0 && rounds % 2 === 0))
  throw new Error("--rounds is an even number: each build is first in half of them.");
const seconds = 0.8;

const names = [...scenarios.map(({ name }) => name), eventStreams.name, "filters", "connect", "slow"];
const chosen = new Set(values.only?.split(",") ?? names);
for (const name of chosen)
  if (!names.includes(name)) throw new Error(`There is no scenario "${name}": ${names.join(", ")}.`);

/** Prints what came of the rounds of each pair of processes. */
function print(title: string, pairs: readonly (readonly number[])[]): void {
  const { lower, median, upper } = quartiles(pairs.flat());
  const [low, middle, high] = [lower, median, upper].map((value) => value.toFixed(3));
  const each = pairs.map((pair) => quartiles(pair).median.toFixed(2)).join(" ");
  console.log(`| ${title} | **${middle}** (${low} to ${high}) | ${pairs.flat().length} | ${each} |`);
}

/** Measures pairs of fresh processes, of which the build named first is started first. */
async function fresh<Result>(measure: (order: Order) => Promise<Result>): Promise<readonly Result[]> {
  const all: Result[] = [];
  for (let pair = 0; pair < processes; pair += 1) {
    all.push(await measure(pair % 2 === 0 ? ["after", "before"] : ["before", "after"]));
  }
  return all;
}

async function compareFanOut(scenario: Scenario, order: Order, after: FanfareServer): Promise<readonly number[]> {
  const before = `${after}-before` as const;
  const servers = order.map((build) => (build === "after" ? after : before));
  const measured = await fanOut(scenario, { servers, rounds, seconds });
  const costs = (name: ServerName): readonly number[] =>
    (measured.get(name) ?? []).flatMap((round) => (round ? [round.serverCpu / round.deliveries] : []));
  return ratios(costs(after), costs(before));
}

/** One ratio for two rounds, in each of which another build was first. */
function ratios(after: readonly number[], before: readonly number[]): readonly number[] {
  return after.flatMap((_, round) => (round % 2 === 0 ? [sumOfTwo(after, round) / sumOfTwo(before, round)] : []));
}

function sumOfTwo(costs: readonly number[], from: number): number {
  return (costs[from] ?? NaN) + (costs[from + 1] ?? NaN);
}

function singleRatios(after: readonly number[], before: readonly number[]): readonly number[] {
  return after.map((value, index) => value / (before[index] ?? NaN));
}

/** Rounds of which each had processes of its own. */
function single(list: readonly number[]): readonly (readonly number[])[] {
  return list.map((value) => [value]);
}

console.log("| | after / before | pairs of rounds | of each pair of processes |\n| --- | --- | --- | --- |");

for (const scenario of scenarios.filter(({ name }) => chosen.has(name))) {
  print(`${scenario.title}, CPU`, await fresh((order) => compareFanOut(scenario, order, "fanfare")));
}

if (chosen.has(eventStreams.name)) {
  const compared = await fresh((order) => compareFanOut(eventStreams, order, "fanfare-sse"));
  print(`${eventStreams.title}, CPU`, compared);
}

if (chosen.has("filters")) {
  for (const by of ["id", "where"] as const) {
    for (const count of [fewFilters, manyFilters]) {
      const pairs = await fresh((order) => compareFilters(order, by, count, rounds));
      const costs = pairs.map((pair) =>
        ratios(
          pair.map(({ after }) => after),
          pair.map(({ before }) => before),
        ),
      );
      print(`${count.toLocaleString("en")} filters by \`${by}\`, CPU`, costs);
    }
  }
}

if (chosen.has("connect")) {
  const repeats = Math.max(processes, 5);
  const all = await connectAll(["raw-ws", "fanfare", "fanfare-before"], repeats);
  const of = (name: ServerName, what: "cpu" | "rss" | "heap" | "perSecond"): readonly number[] =>
    (all.get(name) ?? []).map((connected) => connected[what]);
  const cost = (what: "cpu" | "rss" | "heap"): readonly (readonly number[])[] =>
    single(singleRatios(of("fanfare", what), of("fanfare-before", what)));
  print("connecting, CPU", cost("cpu"));
  print("connecting, CPU, with raw ws as 1", single(singleRatios(of("fanfare", "cpu"), of("raw-ws", "cpu"))));
  print("memory per connection, RSS", cost("rss"));
  print("memory per connection, heap and external", cost("heap"));
  print(
    "seconds for 10,000 connections",
    single(singleRatios(of("fanfare-before", "perSecond"), of("fanfare", "perSecond"))),
  );
}

if (chosen.has("slow")) {
  for (const policy of policies) {
    const pairs = await fresh((order) => compareSlow(order, ["--overflow", policy], rounds));
    for (const stalled of [false, true]) {
      for (const [what, title] of [
        ["p99", "p99 of the others"],
        ["typical", "median of the events' p99"],
      ] as const) {
        const found = pairs.map((pair) => {
          const phases = pair.filter((round) => round.stalled === stalled);
          return ratios(
            phases.map(({ after }) => after[what]),
            phases.map(({ before }) => before[what]),
          );
        });
        print(`${policy}, one client ${stalled ? "stalled" : "reads"}, ${title}`, found);
      }
    }
  }
}
