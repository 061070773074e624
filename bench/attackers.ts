// A process of attackers, with the server that they attack and the stranger whose pings are measured.
import { constants, setPriority } from "node:os";
import { attack, attacks } from "../test/faults/attacks/attack.ts";
import type { AttackServerAnswers } from "../test/faults/attacks/attack-server.ts";
import { Child } from "../test/faults/child.ts";
import { answer, Worker } from "./channel.ts";
import type { PingerAnswers } from "./pinger.ts";

/** Milliseconds between the beginnings of two rounds: the attackers' rates have recovered by then. */
const pause = 1_000;

const answers = {
  /**
   * The milliseconds that each of a stranger's pings took while `clients` attacked at once, each from an address of its
   * own, round after round.
   */
  async latencies(name: string, clients: number, rounds: number): Promise<readonly number[]> {
    const how = attacks[name];
    if (!how) throw new Error(`There is no attack "${name}".`);
    await using server = new Child<AttackServerAnswers>("attacks/attack-server.ts");
    await using pinger = new Worker<PingerAnswers>("pinger.ts", { core: undefined });
    const port = await server.ask("port");
    const addresses = Array.from({ length: clients }, (_, index) => `10.0.${index}.1`);
    await pinger.ask("connect", port);
    // Attackers have machines of their own. On this one they must not take the server's and the stranger's time.
    setPriority(constants.priority.PRIORITY_LOW);
    await pinger.ask("start");
    for (let round = 0; round < rounds; round += 1) {
      using stack = new DisposableStack();
      await attack(how, { server, port, addresses }, stack);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    return await pinger.ask("stop");
  },
};

export type AttackerAnswers = typeof answers;

answer(answers);
