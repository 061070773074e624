// A relay in a process of its own, to be killed or paused by a test: `<database's url> <broker's port> <lease> <batch>`.
import { subscribe } from "node:diagnostics_channel";
import { Pool } from "pg";
import { createRelay } from "../../../src/relay/relay.ts";
import { postgresOutbox } from "../../../src/sources/postgres-outbox.ts";
import { answer } from "../../faults/child.ts";
import { RemoteBroker } from "./remote-broker.ts";

const [url = "", port = "", lease = "", batch = ""] = process.argv.slice(2);
const client = new Pool({ connectionString: url, max: 2 });
client.on("error", () => undefined);
const source = postgresOutbox({ client, lease: Number(lease), batch: Number(batch) });

let leads = false;
subscribe("fanfare:relay.leading", (message) => {
  leads = typeof message === "object" && message !== null && "leads" in message && message.leads === true;
});
const relay = createRelay({ source, broker: new RemoteBroker(Number(port)) });

const answers = {
  leads: (): boolean => leads,
  started: () => relay.started,
  stop: () => relay[Symbol.asyncDispose](),
};

export type RelayProcessAnswers = typeof answers;

answer(answers);
process.once("disconnect", () => process.exit());
