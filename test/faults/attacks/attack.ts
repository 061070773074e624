import { closeCodes } from "../../../src/base/close-code.ts";
import { BareClient, Refusal, type BareClientOptions } from "../bare-client.ts";
import { clientFrame, opcodes, textFrame } from "../frame.ts";
import type { Child } from "../child.ts";
import type { AttackServerAnswers } from "./attack-server.ts";

/** Where an attacker finds its server, and the address that it comes from. */
interface Target {
  readonly port: number;
  readonly address: string;
}

/** What one hostile connection does, within the limits or just over them. Its resources are the stack's. */
type Attacker = (target: Target, stack: DisposableStack) => Promise<void>;

/** Attackers who wait for events of the application, and the characters of each event that it publishes to them all. */
interface Ambush {
  readonly attacker: Attacker;
  readonly events: readonly number[];
}

/** Who is attacked, and from where: an address for each connection. */
export interface Siege {
  readonly server: Child<AttackServerAnswers>;
  readonly port: number;
  readonly addresses: readonly string[];
}

/** All attack at the same time. The connections stay, and are the stack's. */
export async function attack(
  how: Attacker | Ambush,
  { server, port, addresses }: Siege,
  stack: DisposableStack,
): Promise<void> {
  const { attacker, events } = typeof how === "function" ? { attacker: how, events: [] } : how;
  await Promise.allSettled(addresses.map((address) => attacker({ port, address }, stack)));
  for (const characters of events) await server.ask("publish", "lobby", characters);
}

const legacy = { name: "graphql-ws", words: { init: "connection_init", ack: "connection_ack" } };
let count = 0;

/** A text that was not sent before. */
function unique(length: number): string {
  count += 1;
  return `${count}-`.padEnd(length, "x");
}

/** Empty objects in the largest message that is parsed: its JSON may take 2 MiB, and each counts for 72 bytes. */
const maxEmpties = 29_000;

function empties(length: number): readonly object[] {
  return Array.from({ length }, () => ({}));
}

/** How often an attacker tries to connect. */
const tries = 5;

/**
 * An attacker's client. All attackers are one process, which masks their frames: its init may be later than the server
 * waits for it (3 seconds), and then it connects again.
 */
async function ready({ port, address }: Target, stack: DisposableStack, left = tries): Promise<BareClient> {
  try {
    return stack.use(await BareClient.ready(port, from(address)));
  } catch (error) {
    const wasLate = error instanceof Refusal && error.code === closeCodes.initTimeout.code;
    if (left <= 1 || !wasLate) throw error;
    return ready({ port, address }, stack, left - 1);
  }
}

function from(address: string): BareClientOptions {
  return { headers: { "X-Forwarded-For": address } };
}

function start(id: number, query: string, more: object = {}): object {
  return { type: "subscribe", id: String(id), payload: { query, ...more } };
}

/** Subscribes and leaves again, so many times, with other variables each time. */
async function churn(target: Target, stack: DisposableStack, times: number, variables: () => object): Promise<void> {
  const client = await ready(target, stack);
  const query = "subscription ($room: String!, $note: String) { said(room: $room, note: $note) { text } }";
  for (let id = 0; id < times; id += 1) {
    client.send(start(id, query, { variables: variables() }), { type: "complete", id: String(id) });
  }
  await client.handled();
}

/** Starts operations that are to stay, as many as are let in. */
async function hold(
  target: Target,
  stack: DisposableStack,
  times: number,
  query: string,
  more: () => object,
): Promise<void> {
  const client = await ready(target, stack);
  for (let id = 0; id < times; id += 1) client.send(start(id, query, more()));
  await client.handled();
}

async function frames(target: Target, stack: DisposableStack, times: number, bytes: Uint8Array): Promise<void> {
  const client = await ready(target, stack);
  client.pause();
  for (let time = 0; time < times; time += 1) client.write(bytes);
  await client.sent();
  client.resume();
  await client.handled();
}

async function post({ port, address }: Target, body: object): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-forwarded-for": address },
    body: JSON.stringify(body),
  });
  await response.arrayBuffer();
}

const said = 'subscription { said(room: "lobby") { text } }';
const message = (type: string, payload: object): Uint8Array => textFrame(JSON.stringify({ type, payload }));

/** The attacks, by what they are made of. */
export const attacks: Readonly<Record<string, Attacker | Ambush>> = {
  "names of topics that are as long as may be": (target, stack) =>
    churn(target, stack, 130, () => ({ room: unique(1_000) })),

  "names of topics that are much longer": (target, stack) => churn(target, stack, 4, () => ({ room: unique(200_000) })),

  "variables of which each is kept": (target, stack) =>
    churn(target, stack, 130, () => ({ room: "lobby", note: unique(2_500) })),

  "large variables": (target, stack) => churn(target, stack, 4, () => ({ room: "lobby", note: unique(250_000) })),

  "extensions of empty objects": (target, stack) =>
    hold(target, stack, 4, said, () => ({ extensions: { list: empties(maxEmpties) } })),

  "variables that are not declared": (target, stack) =>
    hold(target, stack, 10, said, () => ({ variables: { list: empties(10_000) } })),

  "as many operations as may run": (target, stack) =>
    hold(target, stack, 100, said, () => ({ variables: { note: unique(5_000) } })),

  async "operations before the acknowledgement"({ port, address }, stack) {
    const client = stack.use(await BareClient.open(port, { ...from(address), protocol: legacy }));
    const payload = { query: said, extensions: { list: empties(20_000) } };
    for (let id = 0; id < 15; id += 1) client.send({ type: "start", id: String(id), payload });
    await client.handled();
  },

  async "init payloads"({ port, address }, stack) {
    const client = stack.use(await BareClient.open(port, from(address)));
    client.send({ type: "connection_init", payload: { list: empties(4_000) } });
    await client.handled();
  },

  async "init payloads that are too large"({ port, address }, stack) {
    const client = stack.use(await BareClient.open(port, from(address)));
    client.send({ type: "connection_init", payload: { list: empties(21_000) } });
    await client.closed();
  },

  "as many topics as an operation may hear": (target, stack) =>
    hold(target, stack, 5, "subscription ($names: [String!]!) { rooms(names: $names) { text } }", () => ({
      variables: { names: Array.from({ length: 1_000 }, (_, index) => `${index}-${target.address}`) },
    })),

  "38,000 topics for one operation": (target, stack) =>
    hold(target, stack, 2, "subscription ($names: [String!]!) { rooms(names: $names) { text } }", () => ({
      variables: { names: Array.from({ length: 30_000 }, (_, index) => String(index)) },
    })),

  "large pings": (target, stack) => frames(target, stack, 4, message("ping", { text: "x".repeat(250_000) })),

  "large pongs": (target, stack) => frames(target, stack, 4, message("pong", { list: empties(maxEmpties) })),

  "ping frames": (target, stack) =>
    frames(target, stack, 290, clientFrame({ opcode: opcodes.ping, payload: "x".repeat(125) })),

  "pong frames": (target, stack) =>
    frames(target, stack, 290, clientFrame({ opcode: opcodes.pong, payload: "x".repeat(125) })),

  async "a hundred new documents"(target, stack) {
    const client = await ready(target, stack);
    const fields = Array.from({ length: 14 }, (_, index) => `a${index}: hi`).join(" ");
    const address = target.address.replaceAll(".", "_");
    for (let id = 0; id < 100; id += 1) {
      client.send(start(id, `query ${`n${address}_${id}_`.padEnd(3_000, "x")} { ${fields} }`));
    }
    await client.handled();
  },

  "texts that look like suggestions": async (target, stack) => {
    const client = await ready(target, stack);
    const request = { query: "query ($a: Int) { add(a: $a) }", variables: { a: " Did you mean".repeat(18_000) } };
    client.send(start(1, request.query, { variables: request.variables }));
    await post(target, request);
    await client.handled();
  },

  async "questions about the whole schema"(target, stack) {
    const client = await ready(target, stack);
    const again = Array.from({ length: 14 }, (_, index) => `a${index}: fields { name type { name } }`).join(" ");
    client.send(
      start(1, `{ __schema { types { fields { type { fields { name type { fields { name } ${again} } } } } } } }`),
    );
    await client.handled();
  },

  "variables for every event": {
    attacker(target, stack) {
      const query = 'subscription ($boxes: [Box]) { own(room: "lobby", boxes: $boxes) { text } }';
      return hold(target, stack, 3, query, () => ({ variables: { boxes: empties(9_000) } }));
    },
    events: Array.from({ length: 20 }, () => 10),
  },

  "executions of its own": {
    attacker(target, stack) {
      const fields = Array.from({ length: 10 }, (_, index) => `a${index}: text`).join(" ");
      return hold(target, stack, 100, `subscription { own(room: "lobby") { ${fields} } }`, () => ({}));
    },
    events: Array.from({ length: 20 }, () => 100),
  },

  "rows that are in memory": (target, stack) =>
    hold(target, stack, 1, "subscription { rows(count: 20000) { text } }", () => ({})),

  "a source that never ends": (target, stack) => hold(target, stack, 10, "subscription { endless }", () => ({})),

  async "bodies of requests"(target) {
    const body = { query: "{ hi }", extensions: { list: empties(maxEmpties) } };
    await Promise.all([1, 2, 3, 4].map(() => post(target, body)));
  },

  async "more objects than a message may have"(target, stack) {
    const client = await ready(target, stack);
    const request = { query: said, extensions: { list: empties(80_000) } };
    client.send(start(1, request.query, request));
    await Promise.all([1, 2, 3, 4].map(() => post(target, request)));
    await client.closed();
  },

  "results that it does not read": {
    async attacker(target, stack) {
      const client = await ready(target, stack);
      client.subscribe("1", said);
      await client.handled();
      client.pause();
    },
    events: Array.from({ length: 100 }, () => 50_000),
  },
};
