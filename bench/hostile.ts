// npm run bench:hostile -- [--clients 200] [--rounds 3] [--only bodies]
// How long a stranger's pings take while a server with its limits as they are is attacked, in each way of test/faults/attacks.
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { attacks } from "../test/faults/attacks/attack.ts";
import type { AttackerAnswers } from "./attackers.ts";
import { Worker } from "./channel.ts";
import { quantile } from "./quartiles.ts";

const { values } = parseArgs({
  options: {
    clients: { type: "string", default: "200" },
    rounds: { type: "string", default: "3" },
    only: { type: "string", default: "" },
  },
});
const clients = Number(values.clients);
const rounds = Number(values.rounds);
const chosen = Object.keys(attacks).filter((name) => name.includes(values.only));
if (chosen.length === 0)
  throw new Error(`There is no attack with "${values.only}": ${Object.keys(attacks).join(", ")}.`);

console.log(`${clients} attackers, ${rounds} rounds; a stranger's pings in milliseconds. ${cpus()[0]?.model}\n`);
console.log("| attack | median | p99 | longest | pings |\n| --- | --- | --- | --- | --- |");
for (const name of chosen) {
  await using attackers = new Worker<AttackerAnswers>("attackers.ts", {
    core: undefined,
    node: ["--conditions=fanfare-source"],
  });
  const all = await attackers.ask("latencies", name, clients, rounds);
  const [median, p99, longest] = [0.5, 0.99, 1].map((part) => quantile(all, part).toFixed(1));
  console.log(`| ${name} | ${median} | ${p99} | ${longest} | ${all.length} |`);
}
