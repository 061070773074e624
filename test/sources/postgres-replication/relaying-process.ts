import { Client, Pool } from "pg";
import type { Broker } from "../../../src/contract/broker.ts";
import { createRelay } from "../../../src/relay/relay.ts";
import { postgresReplication } from "../../../src/sources/postgres-replication.ts";
import type { Call, Reply } from "./relaying.ts";

// Relays a table's changes to the broker of the parent process, until it is killed.

const [connectionString = "", slot = "", tableName = ""] = process.argv.slice(2);
const waiting = new Map<number, (reply: Reply) => void>();
let calls = 0;

process.on("message", (reply: Reply) => {
  waiting.get(reply.number)?.(reply);
  waiting.delete(reply.number);
});
// The parent process has ended.
process.on("disconnect", () => process.exit());

function call(text: Omit<Call, "number">): Promise<Reply> {
  calls += 1;
  const number = calls;
  return new Promise((resolve) => {
    waiting.set(number, resolve);
    process.send?.({ ...text, number });
  });
}

const broker: Broker = {
  supports: { history: true, acrossProcesses: true, durable: true },
  open: async () => undefined,
  subscribe: async () => [],
  unsubscribe: async () => undefined,
  publish: async (events, fence) => (await call({ events, fence })).receipts ?? [],
  last: async (topic) => (await call({ topic })).last,
  [Symbol.asyncDispose]: async () => undefined,
};

const pool = new Pool({ connectionString });
pool.on("error", () => undefined);
const source = postgresReplication({
  client: pool,
  connect: (mode) => new Client({ connectionString, ...mode }),
  tables: [tableName],
  slot,
  lease: 600,
  batch: 20,
});
createRelay({ source, broker });
