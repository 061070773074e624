import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BareClient } from "../bare-client.ts";
import { Child } from "../child.ts";
import { until } from "../until.ts";
import { attack, attacks } from "./attack.ts";
import type { AttackServerAnswers } from "./attack-server.ts";

type Attack = (typeof attacks)[string];

const mebibyte = 1_048_576;
/** The sums of PROTOCOL 6.8 for all connections, and what the process itself takes. */
const worstCase = (128 + 16 + 80 + 64 + 32) * mebibyte;

/** How many connections attack, and from how many addresses. `FANFARE_RUNS=10` makes it 200. */
const runs = Number(process.env["FANFARE_RUNS"] ?? "1");
const many = 20 * runs;
const levels = [
  { attackers: "one client", connections: 1, addresses: 1 },
  { attackers: `${many} clients of one address`, connections: many, addresses: 1 },
  { attackers: `${many} clients of as many addresses`, connections: many, addresses: many },
];

describe("A server that is attacked", () => {
  let server: Child<AttackServerAnswers>;
  let port: number;

  beforeAll(async () => {
    server = new Child("attacks/attack-server.ts");
    port = await server.ask("port");
  });

  afterAll(() => server?.[Symbol.asyncDispose]());

  /** Everybody attacks at the same time and stays, and a stranger is served. Answers the heap meanwhile. */
  async function besieged(how: Attack, addresses: readonly string[]): Promise<number> {
    const stack = new DisposableStack();
    try {
      await attack(how, { server, port, addresses }, stack);
      await serves();
      return await server.ask("heap");
    } finally {
      stack.dispose();
      await cleared();
    }
  }

  /** The heap after attacks that have filled what is kept on purpose, such as documents. */
  async function filled(how: Attack, addresses: readonly string[]): Promise<number> {
    let before = 0;
    for (let time = 0, heap = await server.ask("heap"); time < 5 && heap > 1.02 * before; time += 1) {
      before = heap;
      await besieged(how, addresses);
      heap = await server.ask("heap");
    }
    return server.ask("heap");
  }

  async function serves(): Promise<void> {
    using stranger = await BareClient.ready(port, { headers: { "X-Forwarded-For": "192.0.2.1" } });
    stranger.subscribe("1", "{ hi }");
    await stranger.until(() => stranger.messages.length === 2, "a result and its end");
    expect(stranger.messages[0]?.payload).toEqual({ data: { hi: "hello" } });
  }

  function cleared(): Promise<void> {
    return until(
      async () => {
        const { sessions, operations, topics } = await server.ask("observed");
        return sessions + operations + topics === 0;
      },
      () => "the end of all sessions, operations and topics",
    );
  }

  describe.each(Object.entries(attacks))("with %s", (_name, how) => {
    it.each(levels)(
      "by $attackers lives, serves others and forgets",
      async ({ connections, addresses }) => {
        const from = Array.from({ length: connections }, (_, index) => `10.0.${index % addresses}.1`);
        const before = await filled(how, from);
        const during = await besieged(how, from);
        const after = await server.ask("heap");
        expect(during).toBeLessThan(worstCase);
        expect(after).toBeLessThan(1.05 * before + mebibyte);
        const { errors, uncaught } = await server.ask("observed");
        expect({ errors, uncaught }).toEqual({ errors: [], uncaught: [] });
      },
      120_000 * runs,
    );
  });
});
