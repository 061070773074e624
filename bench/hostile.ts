// npm run bench:hostile -- [--clients 200] [--rounds 3]
// How long a stranger's pings take while a server with its limits as they are is attacked, in each way of test/faults/attacks.
import { parseArgs } from "node:util";
import { attacks, type Attack } from "../test/faults/attacks/attack.ts";
import type { AttackServerAnswers } from "../test/faults/attacks/attack-server.ts";
import { Child } from "../test/faults/child.ts";
import { Worker } from "./channel.ts";
import type { PingerAnswers } from "./pinger.ts";
import { quantile } from "./quartiles.ts";

const { values } = parseArgs({
  options: { clients: { type: "string", default: "200" }, rounds: { type: "string", default: "3" } },
});
const clients = Number(values.clients);
const rounds = Number(values.rounds);

/** Milliseconds between the beginnings of two rounds: the attackers' rates have recovered by then. */
const pause = 1_000;

/** All attack at once, each from an address of its own, round after round. */
async function latencies(attack: Attack): Promise<readonly number[]> {
  await using server = new Child<AttackServerAnswers>("attacks/attack-server.ts");
  await using pinger = new Worker<PingerAnswers>("pinger.ts", { core: undefined });
  const port = await server.ask("port");
  await pinger.ask("connect", port);
  await pinger.ask("start");
  for (let round = 0; round < rounds; round += 1) {
    using stack = new DisposableStack();
    await Promise.allSettled(
      Array.from({ length: clients }, (_, index) => attack({ server, port, address: `10.0.${index}.1` }, stack)),
    );
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  return await pinger.ask("stop");
}

console.log(`${clients} attackers, ${rounds} rounds; a stranger's pings in milliseconds.\n`);
console.log("| attack | median | p99 | longest | pings |\n| --- | --- | --- | --- | --- |");
for (const [name, attack] of Object.entries(attacks)) {
  const all = await latencies(attack);
  const [median, p99, longest] = [0.5, 0.99, 1].map((part) => quantile(all, part).toFixed(1));
  console.log(`| ${name} | ${median} | ${p99} | ${longest} | ${all.length} |`);
}
