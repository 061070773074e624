// npm run bench -- [--quick] [--only 1k,topics,sse,filters,connect,slow] [--rounds 9] [--servers raw-ws,fanfare]
// A whole run writes RESULTS.md; any other only prints.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { connectAll } from "./connect.ts";
import { eventStreams, fanOut, scenarios } from "./fan-out.ts";
import { filters } from "./filters.ts";
import { isServerName, type ServerName } from "./pair.ts";
import {
  connectTables,
  eventStreamTable,
  fanOutTables,
  filterTable,
  heading,
  slowTable,
  type FanOutRow,
} from "./report.ts";
import { slowCases, slowClient, type SlowClient } from "./slow-client.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    rounds: { type: "string" },
    servers: { type: "string", default: "raw-ws,raw-ws-bytes,fanfare,graphql-ws" },
  },
});

const { quick } = values;
const rounds = Number(values.rounds ?? (quick ? 3 : 9));
const repeats = quick ? 1 : 9;
const seconds = quick ? 0.4 : 1.2;
const servers = values.servers.split(",").map((name): ServerName => {
  if (!isServerName(name)) throw new Error(`There is no server "${name}".`);
  return name;
});

const names = [...scenarios.map(({ name }) => name), eventStreams.name, "filters", "connect", "slow"];
const chosen = new Set(values.only?.split(",") ?? names);
for (const name of chosen)
  if (!names.includes(name)) throw new Error(`There is no scenario "${name}": ${names.join(", ")}.`);

const began = performance.now();
const sections = [heading({ rounds, repeats, seconds })];
const print = (section: string): void => {
  sections.push(section);
  console.log(`${section}\n`);
};

const rows: FanOutRow[] = [];
for (const scenario of scenarios.filter(({ name }) => chosen.has(name))) {
  console.log(`${scenario.title} …`);
  rows.push({ scenario, rounds: await fanOut(scenario, { servers, rounds, seconds }) });
}
if (rows.length > 0) print(fanOutTables(rows, servers));

if (chosen.has(eventStreams.name)) {
  console.log(`${eventStreams.title} …`);
  const both: readonly ServerName[] = ["fanfare", "fanfare-sse"];
  print(
    eventStreamTable({
      scenario: eventStreams,
      rounds: await fanOut(eventStreams, { servers: both, rounds, seconds }),
    }),
  );
}

if (chosen.has("filters")) {
  console.log("Filters of 100 and of 100,000 subscriptions …");
  print(
    filterTable([
      { by: "a different `id` each", rounds: await filters("id", rounds) },
      { by: "a different `where` each", rounds: await filters("where", rounds) },
    ]),
  );
}

if (chosen.has("connect")) {
  console.log("10,000 connections …");
  print(
    connectTables(
      await connectAll(
        servers.filter((name) => name !== "raw-ws-bytes"),
        repeats,
      ),
    ),
  );
}

if (chosen.has("slow")) {
  const cases: { title: string; measured: SlowClient }[] = [];
  for (const slowCase of slowCases.filter(({ server }) => servers.includes(server))) {
    console.log(`One slow client, ${slowCase.title} …`);
    cases.push({ title: slowCase.title, measured: await slowClient(slowCase, quick ? 1 : rounds) });
  }
  print(slowTable(cases));
}

const minutes = ((performance.now() - began) / 60_000).toFixed(1);
console.log(`${minutes} minutes.`);
const whole = !quick && values.only === undefined && values.servers.split(",").length === 4;
if (whole) writeFileSync(new URL("RESULTS.md", import.meta.url), `${sections.join("\n\n")}\n`);
