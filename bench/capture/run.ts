// npm run bench:capture -- [--quick]
// How many committed changes reach a subscriber in a second, and what capturing costs those who write. A whole run
// writes bench/CAPTURE.md.
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { PostgresServer } from "../../test/servers/postgres.ts";
import { quartiles } from "../quartiles.ts";
import { throughput } from "./throughput.ts";
import { variants } from "./variant.ts";
import { carsTable, write, type Statement } from "./writers.ts";

const { values } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
const { quick } = values;
const changes = quick ? 20_000 : 200_000;
const rounds = quick ? 1 : 3;
const seconds = quick ? 1 : 2;
const liveSeconds = quick ? 3 : 10;
const clientCounts = [1, 8, 32];
const statements: readonly Statement[] = ["insert", "update"];

// Everything durable, as PostgreSQL comes.
const settings = {
  fsync: "on",
  full_page_writes: "on",
  wal_level: "logical",
  max_slot_wal_keep_size: "4GB",
  max_connections: 100,
};
await using server = await PostgresServer.open({ settings });
const version = await server.psql("show server_version");

const lines: string[] = [
  "# Capture",
  "",
  `Written by \`npm run bench:capture\` on ${new Date().toISOString().slice(0, 10)}.`,
  "",
  `- Machine: ${cpus().length} x ${cpus()[0]?.model ?? "unknown"}; Node ${process.versions.node}; PostgreSQL ${version} with its default settings and \`wal_level = logical\`, on the same machine as everything else.`,
];
const say = (...more: readonly string[]): void => {
  lines.push(...more);
  console.log(more.join("\n"));
};

say(
  "- Writers are pgbench with prepared statements.",
  "",
  "## Throughput",
  "",
  `From committed rows through the relay and the memory broker to one subscriber in the same process, which gets every field of every change. Backlog: ${changes.toLocaleString("en")} rows had piled up while nobody read. Live: 8 clients update ten rows in a transaction for ${liveSeconds} s, as fast as they can, on the same two cores; behind is how long it took after the last commit until the last change had arrived. The target is 5,000 changes/s.`,
  "",
  "| source | backlog, changes/s | live, changes/s | behind at the end, s |",
  "| --- | --- | --- | --- |",
);
for (const variant of variants) {
  const measured = await throughput(server, variant, { changes, seconds: liveSeconds });
  if (!measured) continue;
  const { backlog, live, behind } = measured;
  say(`| ${variant.name} | ${whole(backlog)} | ${whole(live)} | ${behind.toFixed(2)} |`);
}

say(
  "",
  "## What writers pay",
  "",
  `Transactions of one row a second without a reader, the median of ${rounds} rounds of ${seconds} s in which the variants take turns; in brackets the median of the rounds' own ratios to nothing.`,
  "",
  `| | clients | ${variants.map(({ name }) => name).join(" | ")} |`,
  `| --- | --- | ${variants.map(() => "---").join(" | ")} |`,
);
for (const variant of variants) {
  const database = databaseOf(variant.name);
  await server.psql(`create database ${database}`);
  const pool = server.pool({ database });
  await pool.query(carsTable);
  await variant.install(pool);
  await pool.end();
}
for (const statement of statements) {
  for (const clients of clientCounts) {
    const rates = new Map<string, number[]>(variants.map(({ name }) => [name, []]));
    for (let round = 0; round < rounds; round += 1) {
      for (const { name } of variants) {
        const { rate } = await write(server, { database: databaseOf(name), statement, clients, seconds });
        rates.get(name)?.push(rate);
      }
    }
    const base = rates.get("nothing") ?? [];
    const cells = variants.map(({ name }) => {
      const own = rates.get(name) ?? [];
      const ratio = quartiles(own.map((rate, index) => rate / (base[index] ?? NaN))).median;
      return `${whole(quartiles(own).median)} (${ratio.toFixed(2)})`;
    });
    say(`| ${statement} | ${clients} | ${cells.join(" | ")} |`);
  }
}
if (!quick) writeFileSync(new URL("../CAPTURE.md", import.meta.url), `${lines.join("\n")}\n`);

function databaseOf(name: string): string {
  return `writers_${name.replaceAll(" ", "_")}`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}
