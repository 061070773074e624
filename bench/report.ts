import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import type { Connected } from "./connect.ts";
import { graphqlWsEvery, warmUp, type Rounds, type Scenario } from "./fan-out.ts";
import type { FilterRound } from "./filters.ts";
import { pinned, type Measured, type ServerName } from "./pair.ts";
import { meets, quartiles, type Quartiles } from "./quartiles.ts";
import type { SlowClient } from "./slow-client.ts";

export interface FanOutRow {
  readonly scenario: Scenario;
  readonly rounds: Rounds;
}

/**
 * A server counts as the bottleneck when it used or waited for its core in so much of the time, other processes' taking
 * the client's core aside, and the client needed clearly less for the same deliveries.
 */
const bottleneckShare = 0.85;
const clientShare = 0.9;

export function heading(run: { rounds: number; repeats: number; seconds: number }): string {
  const version = (name: string): string => `${name} ${versionOf(name)}`;
  return `# Results

Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}.

- Machine: ${availableParallelism()} x ${cpus()[0]?.model ?? "unknown"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.versions.node}.
- Versions: ${["graphql", "graphql-ws", "graphql-subscriptions", "ws"].map(version).join(", ")}. graphql-ws runs on graphql ${versionOf("graphql-16")}, with which it is faster.
- ${pinned ? "Servers on core 0, load clients on core 1, loopback." : "**Servers and clients could not be kept on different cores: the figures mean little.**"}
- raw ws makes one string per event and calls \`send\` on every socket; "bytes" turns that string into a buffer first. graphql-ws has one topic per room. Fanfare has its default limits. All speak graphql-transport-ws to the same client, without compression; a result is about 200 bytes.
- Events are published one at a time (bursts: 20 in one tick), each in a turn of the event loop of its own and late enough for the one before to be written, so that no server gains by writing two together; 10,000 deliveries at a time, and the next ones when those have arrived, so that no buffer fills.
- ${run.rounds} rounds of ${run.seconds} s, after ${fixed(warmUp * run.seconds, 1)} s that are not measured; in a round the servers take turns, each of which begins with 10,000 deliveries that are not measured, graphql-ws in every ${graphqlWsEvery}rd. CPU time is user and kernel time of the server's process. A ratio is the median of the rounds' own ratios, with its quartiles. A target is met when the median is at or under it and the lower quartile at least 5 % under.`;
}

export function fanOutTables(rows: readonly FanOutRow[], servers: readonly ServerName[]): string {
  const ratios = table(
    ["", "Fanfare / raw ws", "target", "met", "Fanfare / raw ws, bytes", "graphql-ws / Fanfare"],
    rows.map(({ scenario: { title, target }, rounds }) => {
      const toRaw = ratio(rounds, "fanfare", "raw-ws");
      return [
        title,
        spread(toRaw),
        target === undefined ? "" : `≤ ${target}`,
        target === undefined ? "" : verdict(target, toRaw),
        spread(ratio(rounds, "fanfare", "raw-ws-bytes")),
        spread(ratio(rounds, "graphql-ws", "fanfare")),
      ];
    }),
  );
  const absolute = table(
    ["", ...servers.map(label)],
    rows.map(({ scenario, rounds }) => [
      scenario.title,
      ...servers.map((name) => fixed(medianOf(rounds, name, cpuPerDelivery), 2)),
    ]),
  );
  const shares = table(
    [
      "",
      "server",
      "deliveries/s",
      "server: used",
      "waited",
      "client: used",
      "waited",
      "results per read",
      "server was the bottleneck",
    ],
    rows.flatMap(({ scenario, rounds }) =>
      servers.map((name) => [scenario.title, label(name), ...shareCells(rounds, name)]),
    ),
  );
  return `## Fan-out: CPU time per delivery

${ratios}

CPU seconds per million deliveries (= µs per delivery), medians:

${absolute}

Shares of the time, medians. "Waited" is time in which a process was ready and others had its core. "Results per read" is how many the client found in a socket at once, because the server wrote them together or the client came late:

${shares}`;
}

/** The same deliveries by two transports of the same server. */
export function eventStreamTable({ scenario: { title, target = Infinity }, rounds }: FanOutRow): string {
  const toWebSocket = ratio(rounds, "fanfare-sse", "fanfare");
  const cpu = (name: ServerName): string => fixed(medianOf(rounds, name, cpuPerDelivery), 2);
  return `## Server-sent events: CPU time per delivery

${table(
  ["", "event streams / WebSockets", "target", "met", "WebSocket, µs", "event stream, µs"],
  [[title, spread(toWebSocket), `≤ ${target}`, verdict(target, toWebSocket), cpu("fanfare"), cpu("fanfare-sse")]],
)}`;
}

export function filterTable(rows: readonly { readonly by: string; readonly rounds: readonly FilterRound[] }[]): string {
  const target = 2;
  return `## Filters of a model: CPU time per change

Each subscription has a filter of its own, and each change concerns one of them. No sockets: what is measured is finding
who is concerned, executing for that one, and handing the result over.

${table(
  ["", "100,000 / 100 subscriptions", "target", "met", "100, µs", "100,000, µs"],
  rows.map(({ by, rounds }) => {
    const growth = quartiles(rounds.map(({ few, many }) => many / few));
    const cpu = [rounds.map(({ few }) => few), rounds.map(({ many }) => many)];
    const micros = cpu.map((seconds) => fixed(quartiles(seconds).median * 1e6, 1));
    return [by, spread(growth), `≤ ${target}`, verdict(target, growth), ...micros];
  }),
)}`;
}

function shareCells(rounds: Rounds, name: ServerName): string[] {
  const share = (of: (measured: Measured) => number): number =>
    medianOf(rounds, name, (measured) => of(measured) / measured.wall);
  const used = share(({ serverCpu }) => serverCpu);
  const client = share(({ clientCpu }) => clientCpu);
  const waited = share(({ serverWaited }) => serverWaited);
  const clientWaited = share((measured) => measured.clientWaited);
  const bottleneck = used + waited + clientWaited >= bottleneckShare && client <= used * clientShare;
  return [
    Math.round(share(({ deliveries }) => deliveries)).toLocaleString("en"),
    ...[used, waited, client, clientWaited].map((part) => fixed(part, 2)),
    fixed(
      medianOf(rounds, name, ({ deliveries, reads }) => deliveries / reads),
      2,
    ),
    bottleneck ? "yes" : "no",
  ];
}

/** What Fanfare may hold for a connection, with a raw ws connection as 1. */
const memoryTarget = 1.6;

export function connectTables(measured: ReadonlyMap<ServerName, readonly Connected[]>): string {
  const rows = [...measured].map(([name, repeats]) => {
    const median = (of: keyof Connected): number => quartiles(repeats.map((repeat) => repeat[of])).median;
    return [
      label(name),
      fixed(median("rss") / 1024, 1),
      fixed(median("heap") / 1024, 1),
      Math.round(median("perSecond")).toLocaleString("en"),
      fixed(median("cpu"), 3),
    ];
  });
  const toRaw = (of: keyof Connected): Quartiles | undefined =>
    paired(measured.get("fanfare"), measured.get("raw-ws"), (connected) => connected[of]);
  const rss = toRaw("rss");
  return `## Memory and connecting

10,000 connections with one subscription each; fresh processes in each of ${measured.values().next().value?.length ?? 0} repeats, after 500 connections that came and went. Memory is what the process grew by, after a full collection that also gives back what is free. CPU is the server's, until it was idle again.

${table(["", "RSS KiB per connection", "heap and external KiB", "connections/s", "CPU ms per connection"], rows)}

Fanfare / raw ws: RSS ${spread(rss)}, target ≤ ${memoryTarget}, met: ${verdict(memoryTarget, rss)}; heap and external ${spread(toRaw("heap"))}; CPU ${spread(toRaw("cpu"))}.`;
}

export function slowTable(cases: readonly { title: string; measured: SlowClient }[]): string {
  const rows = cases.map(({ title, measured: { p99, rssGrowth, heapGrowth } }) => [
    title,
    fixed(quartiles(p99.map(({ reading }) => reading)).median, 1),
    fixed(quartiles(p99.map(({ stalled }) => stalled)).median, 1),
    spread(quartiles(p99.map(({ reading, stalled }) => stalled / reading))),
    mebibytes(rssGrowth),
    mebibytes(quartiles(heapGrowth).median),
  ]);
  return `## One slow client

1,000 subscribers, events of 4 KiB, the next one 20 ms after the last one has arrived. One client stops reading, after which 24 MiB of events are published to it alone; then the others' latencies are taken. In the rounds' other half it reads. Latency is from the publish to the arrival in the client's process.

${table(["", "p99 ms, all read", "p99 ms, one stalled", "ratio", "RSS growth MiB, first stall", "heap and external MiB, median"], rows)}`;
}

function cpuPerDelivery({ serverCpu, deliveries }: Measured): number {
  return (serverCpu / deliveries) * 1e6;
}

function medianOf(rounds: Rounds, name: ServerName, of: (measured: Measured) => number): number {
  return quartiles((rounds.get(name) ?? []).flatMap((measured) => (measured ? [of(measured)] : []))).median;
}

function ratio(rounds: Rounds, above: ServerName, below: ServerName): Quartiles | undefined {
  return paired(rounds.get(above), rounds.get(below), (measured) => measured && cpuPerDelivery(measured));
}

/** The quartiles of the ratios between what two servers did in the same rounds. */
function paired<Result>(
  above: readonly Result[] | undefined,
  below: readonly Result[] | undefined,
  of: (result: Result) => number | undefined,
): Quartiles | undefined {
  if (!above || !below) return undefined;
  const ratios = above.flatMap((result, round) => {
    const other = below[round];
    const [upper, lower] = [of(result), other === undefined ? undefined : of(other)];
    return upper === undefined || lower === undefined ? [] : [upper / lower];
  });
  return ratios.length > 0 ? quartiles(ratios) : undefined;
}

function label(name: ServerName): string {
  return {
    "raw-ws": "raw ws",
    "raw-ws-bytes": "raw ws, bytes",
    fanfare: "Fanfare",
    "fanfare-sse": "Fanfare, event streams",
    "fanfare-before": "Fanfare, before",
    "fanfare-sse-before": "Fanfare, before, event streams",
    "graphql-ws": "graphql-ws",
  }[name];
}

function spread(found: Quartiles | undefined): string {
  return found
    ? `**${fixed(found.median, 2)}** (${fixed(found.lower, 2)} to ${fixed(found.upper, 2)})`
    : "not measured";
}

function verdict(target: number, found: Quartiles | undefined): string {
  if (!found) return "not measured";
  return meets(target, found) ? "yes" : "no";
}

function fixed(value: number, digits: number): string {
  return Number.isNaN(value) ? "" : value.toFixed(digits);
}

function mebibytes(bytes: number): string {
  return fixed(bytes / 2 ** 20, 1);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function versionOf(name: string): string {
  const { version }: { version: string } = JSON.parse(readFileSync(manifestOf(name), "utf8"));
  return version;
}

/** Found by walking up from the package's entry, since not every package exports its manifest. */
function manifestOf(name: string): string {
  const entry = createRequire(import.meta.url).resolve(name);
  return `${entry.slice(0, entry.lastIndexOf(`/node_modules/${name}/`))}/node_modules/${name}/package.json`;
}
